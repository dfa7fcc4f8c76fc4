// The commands on a tiny model, as a user runs them: what they print, and how
// they fail.
#include <gtest/gtest.h>

#include "lineas/cli/program.h"
#include "lineas/maps/map_set.h"
#include "tests/cli/program_run.h"
#include "tests/support/checkpoint.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::ProgramRun;
using testing::run_program;
using testing::TempFolder;

constexpr int64_t kWidth = 24;

class Commands : public ::testing::Test {
 protected:
  Commands() {
    folder_.write("prompts.jsonl",
                  "{\"ids\": [3, 9, 4]}\n{\"ids\": [7]}\n"
                  "{\"ids\": [1, 2, 3, 4, 5, 6]}\n");
    MapSet set;
    at::manual_seed(2);
    for (const char* layer : {"0", "1"})
      set.maps.add(
          fmt::format("model.layers.{}.post_attention_layernorm", layer),
          AffineMap{at::rand({kWidth}) * 2, at::randn({kWidth})});
    set.provenance = {{"method", "test"}};
    write_map_set(map(), set);
  }

  std::string model() const { return testing::fixtures() + "/qwen2"; }
  std::string map() const { return folder_ / "map.safetensors"; }
  std::string prompts() const { return folder_ / "prompts.jsonl"; }
  // The options that all commands take, and more.
  std::string on_model(const std::string& more) const {
    return fmt::format("-m '{}' -f '{}' {}", model(), prompts(), more);
  }
  ProgramRun generate(const std::string& more) const {
    return run_program("generate --json -n 6 " + on_model(more));
  }

  TempFolder folder_;
};

TEST_F(Commands, InspectAndScoreTakeAGgufFile) {
  const std::string file =
      LINEAS_SOURCE_DIR "/tests/golden/data/gguf/qwen2.gguf";
  const auto sites =
      run_program("inspect --json '" + file + "' --sites '.*mlp'").lines();
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_EQ(sites[0]["site"], "model.layers.0.mlp");
  EXPECT_NE(run_program("inspect '" + file + "'").out.find("Qwen2ForCausalLM"),
            std::string::npos);
  const ProgramRun score =
      run_program("score --json -m '" + file + "' -f '" + prompts() + "'");
  EXPECT_EQ(score.code, 0) << score.err;
}

TEST_F(Commands, VersionAndHelp) {
  const ProgramRun version = run_program("--version");
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(version.out.starts_with("lineas "));
  const ProgramRun help = run_program("--help");
  EXPECT_EQ(help.code, 0);
#define LINEAS_COMMAND(name)                                   \
  EXPECT_NE(help.out.find(#name), std::string::npos);          \
  EXPECT_EQ(run_program(#name " --help").code, 0);             \
  EXPECT_NE(run_program(#name " --help").out.find("--device"), \
            std::string::npos);
#include "lineas/cli/commands.def"
#undef LINEAS_COMMAND
}

TEST_F(Commands, EveryOptionHasASentence) {
  const auto program = make_program();
  for (const CLI::App* command : program->get_subcommands({})) {
    EXPECT_FALSE(command->get_description().empty()) << command->get_name();
    for (const CLI::Option* option : command->get_options())
      EXPECT_GT(option->get_description().size(), 5u)
          << command->get_name() << " " << option->get_name();
  }
}

TEST_F(Commands, WrongCallsAreUsageErrorsWithoutABacktrace) {
  const std::vector<std::pair<std::string, std::string>> calls = {
      {"", "subcommand"},
      {"frobnicate", "frobnicate"},
      {"generate --frobnicate", "frobnicate"},
      {"generat -m x", "Nearest: generate"},
      {"generate -p x", "--model"},
      {"generate -m '" + model() + "'", "-p PROMPT or -f FILE"},
      {"generate " + on_model("-p x"), "-p PROMPT or -f FILE"},
      {"generate " + on_model("-n x"), "-n"},
      {"generate " + on_model("--top-p 2"), "--top-p"},
      {"generate " + on_model("--samples 0"), "--samples"},
      {"generate " + on_model("--device tpu"), "tpu"},
      {"generate " + on_model("--dtype int8"), "int8"},
      {"generate " + on_model("--strengths 0,2 --steer '" + map() + "'"),
       "--allow-any-strength"},
      {"generate " + on_model("--position middle"), "middle"},
      {"record -o '" + (folder_ / "a") + "' " + on_model("--pool sum"), "sum"}};
  for (const auto& [call, words] : calls) {
    const ProgramRun run = run_program(call);
    EXPECT_EQ(run.code, 2) << call << "\n" << run.err;
    EXPECT_TRUE(run.says(words)) << call << "\n" << run.err;
    EXPECT_TRUE(run.out.empty()) << call << "\n" << run.out;
    EXPECT_FALSE(run.says("frame #")) << run.err;
  }
}

TEST_F(Commands, ExitCodesTellTheKind) {
  const auto code_of = [&](const std::string& arguments) {
    return run_program(arguments).code;
  };
  EXPECT_EQ(code_of("inspect no-such-model"), 3);
  EXPECT_EQ(code_of("generate -m '" + model() + "' -p text"), 3);
  EXPECT_EQ(code_of("inspect '" + model() + "/model.safetensors'"), 4);
  folder_.write("bad.jsonl", "{\"ids\": [1,\n");
  EXPECT_EQ(code_of("score -m '" + model() + "' -f '" +
                    (folder_ / "bad.jsonl") + "'"),
            4);
  const std::string other = testing::fixtures() + "/gpt2";
  EXPECT_EQ(code_of("generate -m '" + other + "' -f '" + prompts() +
                    "' --steer '" + map() + "'"),
            5);
  const ProgramRun unwritable =
      run_program("record -o /no/such/folder/acts " + on_model(""));
  EXPECT_EQ(unwritable.code, 8);
  EXPECT_TRUE(unwritable.says("/no/such/folder"));
}

TEST_F(Commands, AFullDiskIsAnError) {
  const std::string command = "'" LINEAS_PROGRAM "' inspect '" + model() +
                              "' > /dev/full 2> '" + (folder_ / "err") + "'";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 8);
}

TEST_F(Commands, GenerateRunsAllStrengthsInOneBatch) {
  const std::string steer = "--steer '" + map() + "' ";
  const auto lines = generate(steer + "--strengths 0,0.5,1").lines();
  ASSERT_EQ(lines.size(), 9u);
  for (const char* key :
       {"prompt", "strength", "sample", "text", "tokens", "finish"})
    EXPECT_TRUE(lines[0].contains(key)) << key;
  EXPECT_EQ(lines[0]["prompt"], Json({3, 9, 4}));
  EXPECT_EQ(lines[4]["strength"], 0.5);
  const auto plain = generate("").lines();
  const auto full = generate(steer).lines();
  const auto half = generate("--steer '" + map() + ":0.5'").lines();
  bool differs = false;
  for (size_t p = 0; p < 3; ++p) {
    EXPECT_EQ(lines[3 * p]["tokens"], plain[p]["tokens"]);
    EXPECT_EQ(lines[3 * p + 1]["tokens"], half[p]["tokens"]);
    EXPECT_EQ(lines[3 * p + 2]["tokens"], full[p]["tokens"]);
    differs = differs || plain[p]["tokens"] != full[p]["tokens"];
  }
  EXPECT_TRUE(differs);
  EXPECT_EQ(plain[0]["strength"], 0);
  EXPECT_EQ(half[0]["strength"], 0.5);
}

TEST_F(Commands, GenerateDrawsTheSameForTheSameSeed) {
  const std::string draw = "--temp 20 --samples 2 -s 5 ";
  const ProgramRun one = generate(draw), two = generate(draw + "--batch 1");
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(one.out, two.out);
  EXPECT_NE(one.out, generate("--temp 20 --samples 2 -s 6").out);
  const auto lines = one.lines();
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_NE(lines[0]["tokens"], lines[1]["tokens"]);
  EXPECT_EQ(lines[1]["sample"], 1);
}

TEST_F(Commands, GenerateRefusesPromptsOverTheContext) {
  std::string ids = "1";
  for (int i = 0; i < 5000; ++i) ids += ",1";
  folder_.write("long.jsonl", "{\"ids\": [2]}\n{\"ids\": [" + ids + "]}\n");
  const ProgramRun run = run_program("generate -m '" + model() + "' -f '" +
                                     (folder_ / "long.jsonl") + "'");
  EXPECT_EQ(run.code, 2);
  EXPECT_TRUE(run.says("prompt 2 has 5001 tokens")) << run.err;
}

TEST_F(Commands, GenerateStoppedByCtrlCPrintsWhatThereIsAndSaysSo) {
  const ProgramRun run =
      run_program("generate --json -m tinytown -p Paula -n 500 --samples 2000",
                  "timeout --preserve-status -s INT 3");
  EXPECT_EQ(run.code, 130) << run.err;
  EXPECT_TRUE(run.says("stopped by ctrl-C")) << run.err;
  const auto lines = run.lines();
  ASSERT_EQ(lines.size(), 2000u);
  EXPECT_EQ(lines.back()["finish"], "cancelled");
}

TEST_F(Commands, GenerateWithoutTokenizerPrintsIds) {
  const ProgramRun run = run_program("generate -n 2 " + on_model(""));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_TRUE(run.out.starts_with("3 9 4 ")) << run.out;
}

TEST_F(Commands, ScoreSaysHowLikelyEveryLineIs) {
  const auto plain = run_program("score --json " + on_model("")).lines();
  ASSERT_EQ(plain.size(), 3u);
  EXPECT_EQ(plain[0]["line"], 1);
  EXPECT_EQ(plain[0]["tokens"], 2);
  EXPECT_NEAR(plain[0]["perplexity"].get<double>(),
              std::exp(-plain[0]["logprob"].get<double>() / 2),
              1e-6);
  EXPECT_TRUE(plain[1]["perplexity"].is_null());
  const auto both =
      run_program("score --json " +
                  on_model("--strengths 0,1 --steer '" + map() + "'"))
          .lines();
  ASSERT_EQ(both.size(), 6u);
  EXPECT_EQ(both[0]["logprob"], plain[0]["logprob"]);
  EXPECT_NE(both[1]["logprob"], plain[0]["logprob"]);
  EXPECT_EQ(both[1]["strength"], 1);
}

TEST_F(Commands, RecordPoolsOrKeepsEveryToken) {
  const std::string acts = folder_ / "acts.safetensors";
  const std::string site = "model.layers.1.mlp";
  const auto record = [&](const std::string& pool) {
    const ProgramRun run =
        run_program(fmt::format("record --batch 2 --pool {} -o '{}' {}",
                                pool,
                                acts,
                                on_model("--sites 'model.layers.[01].mlp'")));
    EXPECT_EQ(run.code, 0) << run.err;
    return testing::read_tensors(acts);
  };
  const auto mean = record("mean"), all = record("all");
  ASSERT_EQ(mean.size(), 2u);
  EXPECT_EQ(mean.at(site).sizes(), at::IntArrayRef({3, kWidth}));
  EXPECT_EQ(all.at(site).sizes(), at::IntArrayRef({10, kWidth}));
  EXPECT_TRUE(
      all.at("row_offsets").equal(at::tensor({0, 3, 4, 10}, at::kLong)));
  EXPECT_TRUE(at::allclose(
      mean.at(site)[0], all.at(site).slice(0, 0, 3).mean(0), 1e-5, 1e-6));
  const auto lines = run_program("inspect --json '" + acts + "'").lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["rows"], 10);
}

TEST_F(Commands, RecordSeesWhatSteeringDoes) {
  const std::string acts = folder_ / "acts.safetensors";
  const std::string site = "model.layers.0.post_attention_layernorm";
  const auto record = [&](const std::string& more) {
    run_program(fmt::format(
        "record -o '{}' --sites {} {}", acts, site, on_model(more)));
    return testing::read_tensors(acts).at(site);
  };
  const Tensor plain_ND = record("");
  const Tensor steered_ND = record("--steer '" + map() + "'");
  const MapSet set = read_map_set(map());
  const AffineMap& affine = *set.find(site);
  EXPECT_TRUE(at::allclose(
      steered_ND, plain_ND * affine.scale_D + affine.shift_D, 1e-4, 1e-5));
}

TEST_F(Commands, InspectListsModelsAndMaps) {
  const auto sites =
      run_program("inspect --json '" + model() + "' --sites '.*mlp'").lines();
  ASSERT_EQ(sites.size(), 2u);
  EXPECT_EQ(sites[0]["site"], "model.layers.0.mlp");
  EXPECT_EQ(sites[0]["width"], kWidth);
  const auto maps = run_program("inspect --json '" + map() + "'").lines();
  ASSERT_EQ(maps.size(), 2u);
  for (const char* key : {"site", "width", "support", "max_scale", "max_shift"})
    EXPECT_TRUE(maps[0].contains(key)) << key;
  EXPECT_EQ(maps[0]["support"], kWidth);
  const ProgramRun text = run_program("inspect '" + map() + "'");
  EXPECT_NE(text.out.find("method     test"), std::string::npos) << text.out;
  const ProgramRun none = run_program("inspect '" + model() + "' --sites mpl");
  EXPECT_EQ(none.code, 3);
  EXPECT_TRUE(none.says("Nearest")) << none.err;
}

}  // namespace
}  // namespace lineas
