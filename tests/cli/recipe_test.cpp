// Recipes: what a file may hold, who wins over whom, and that the published
// ones are options that `learn` has.
#include "lineas/cli/recipe.h"

#include <filesystem>

#include "lineas/cli/program.h"
#include "lineas/maps/map_set.h"
#include "tests/cli/program_run.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;
using testing::ProgramRun;
using testing::run_program;
using testing::TempFolder;

using Options = std::vector<std::pair<std::string, std::string>>;

TEST(Recipe, IsNamesAndValues) {
  const TempFolder folder;
  folder.write("a.yaml",
               "# a comment\nsteps: 7\nl1: [0.5, 1e-3]\nsites: .*norm\n"
               "at-once: true\n");
  EXPECT_EQ(read_recipe(folder / "a.yaml"),
            Options({{"steps", "7"},
                     {"l1", "0.5,1e-3"},
                     {"sites", ".*norm"},
                     {"at-once", "true"}}));
}

TEST(Recipe, OtherContentsAreFormatErrorsWithTheLine) {
  const TempFolder folder;
  const std::string path = folder / "a.yaml";
  const std::vector<std::pair<std::string, std::string>> contents = {
      {"steps: 7\nsteps: 8\n", "line 2"},
      {"steps: {a: 1}\n", "steps must be"},
      {"method: lineas\nl1: [1, [2, 3]]\n", "line 2"},
      {"l1: []\n", "l1 must be"},
      {"steps:\n", "steps must be"},
      {"- steps\n- 7\n", "a map"},
      {"", "a map"},
      {"[1]: 2\n", "a name"},
      {"steps: [7\n", "line"},
      {"a: *b\n", "line 1"}};
  for (const auto& [text, words] : contents) {
    folder.write("a.yaml", text);
    expect_error(
        ErrorKind::format, {"a.yaml", words}, [&] { read_recipe(path); });
  }
  expect_error(ErrorKind::not_found, {"none.yaml"}, [&] {
    read_recipe(folder / "none.yaml");
  });
}

class RecipeRun : public ::testing::Test {
 protected:
  RecipeRun() {
    folder_.write("a.jsonl", "{\"ids\": [3, 9, 4]}\n{\"ids\": [7, 8]}\n");
    folder_.write("b.jsonl", "{\"ids\": [13, 19]}\n{\"ids\": [17, 18]}\n");
    folder_.write("r.yaml",
                  fmt::format("model: {}/qwen2\nsource: {}\ntarget: {}\n"
                              "output: {}\nsteps: 2\nlr: 0.5\nseed: 4\n"
                              "optimizer: sgd\nsites: .*\\.input_layernorm\n",
                              testing::fixtures(),
                              folder_ / "a.jsonl",
                              folder_ / "b.jsonl",
                              folder_ / "map"));
  }
  ProgramRun learn(const std::string& more) const {
    return run_program("learn --recipe '" + (folder_ / "r.yaml") + "' " + more);
  }

  TempFolder folder_;
};

TEST_F(RecipeRun, FlagsWinOverWordsAndWordsOverTheFile) {
  const ProgramRun run = learn("seed=6 lr=0.25 --seed 5");
  ASSERT_EQ(run.code, 0) << run.err;
  const MapSet set = read_map_set(folder_ / "map");
  EXPECT_EQ(set.maps[0].first, "model.layers.0.input_layernorm");
  const Json& options = set.provenance["options"];
  EXPECT_EQ(options["steps"], 2);
  EXPECT_EQ(options["lr"], 0.25);
  EXPECT_EQ(options["seed"], 5);
  EXPECT_EQ(options["optimizer"], "sgd");
}

TEST_F(RecipeRun, TakesFlagsByTheirNames) {
  folder_.write("r.yaml", read_file(folder_ / "r.yaml") + "method: mean-act\n");
  EXPECT_EQ(learn("").code, 2) << "mean-act has no steps";
  const ProgramRun run = run_program(fmt::format(
      "learn -m '{}/qwen2' --source '{}' --target '{}' -o '{}' method=mean-act "
      "at-once=true",
      testing::fixtures(),
      folder_ / "a.jsonl",
      folder_ / "b.jsonl",
      folder_ / "map"));
  ASSERT_EQ(run.code, 0) << run.err;
  const MapSet set = read_map_set(folder_ / "map");
  EXPECT_EQ(set.provenance["method"], "mean-act");
  EXPECT_EQ(set.provenance["options"]["at-once"], true);
}

TEST_F(RecipeRun, UnknownNamesAreUsageErrors) {
  const std::vector<std::pair<std::string, std::string>> calls = {
      {"stps=3", "steps"},
      {"frobnicate", "frobnicate"},
      {"=3", "=3"},
      {"steps=x", "--steps"},
      {"recipe=r.yaml", "recipe"}};
  for (const auto& [words, expected] : calls) {
    const ProgramRun run = learn(words);
    EXPECT_EQ(run.code, 2) << words;
    EXPECT_TRUE(run.says(expected)) << words << "\n" << run.err;
  }
  folder_.write("r.yaml", "no-such: 1\n");
  const ProgramRun run = learn("");
  EXPECT_EQ(run.code, 2);
  EXPECT_TRUE(run.says("r.yaml") && run.says("no-such")) << run.err;
}

// Every option exists and is the method's own: what is missing is the model.
TEST(PublishedRecipes, AreOptionsOfLearn) {
  const TempFolder folder;
  folder.write("p.txt", "a\nb\n");
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::string(LINEAS_SOURCE_DIR) + "/recipes")) {
    ++count;
    const ProgramRun run = run_program(fmt::format(
        "learn --recipe '{0}' -m no-such-model --source '{1}' --target '{1}' "
        "-o '{2}'",
        entry.path().string(),
        folder / "p.txt",
        folder / "map"));
    EXPECT_EQ(run.code, 3) << run.err;
    EXPECT_TRUE(run.says("no-such-model")) << run.err;
  }
  EXPECT_GE(count, 2);
}

}  // namespace
}  // namespace lineas
