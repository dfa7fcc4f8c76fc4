// `lineas learn` as a user runs it: the file it leaves, the log, what stops it.
#include <gtest/gtest.h>

#include "lineas/base/file.h"
#include "lineas/base/json.h"
#include "lineas/learn/methods.h"
#include "lineas/maps/map_set.h"
#include "tests/cli/program_run.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::ProgramRun;
using testing::run_program;
using testing::TempFolder;

class LearnCommand : public ::testing::Test {
 protected:
  LearnCommand() {
    folder_.write("a.jsonl",
                  "{\"ids\": [3, 9, 4]}\n{\"ids\": [7, 8]}\n"
                  "{\"ids\": [1, 2, 3]}\n{\"ids\": [5]}\n");
    folder_.write("b.jsonl",
                  "{\"ids\": [13, 19]}\n{\"ids\": [17, 18, 11]}\n"
                  "{\"ids\": [11, 12, 13]}\n{\"ids\": [15]}\n");
  }
  ProgramRun learn(const std::string& more,
                   const char* output = "map",
                   const std::string& before = "") const {
    return run_program(
        fmt::format(
            "learn -m '{}/qwen2' --source '{}' --target '{}' -o '{}' {}",
            testing::fixtures(),
            folder_ / "a.jsonl",
            folder_ / "b.jsonl",
            folder_ / output,
            more),
        before);
  }

  TempFolder folder_;
};

TEST_F(LearnCommand, WritesAMapTheSameTwice) {
  ASSERT_EQ(learn("--steps 3 --save-every 1", "one").code, 0);
  ASSERT_EQ(learn("--steps 3", "two").code, 0);
  EXPECT_EQ(read_file(folder_ / "one"), read_file(folder_ / "two"));
  EXPECT_FALSE(read_map_set(folder_ / "one").maps.empty());
  EXPECT_FALSE(file_exists(folder_ / "one.state"));
}

TEST_F(LearnCommand, ReportsSupportAndPenaltyThatWereFound) {
  const ProgramRun run =
      learn("--optimizer sgd --lr 0.1 --steps 100 --support-budget 30%");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_TRUE(run.says(" of 48 neurons moved, penalty --l1 ")) << run.err;
  EXPECT_FALSE(run.says("/100 ")) << "steps of one trial only: " << run.err;
}

TEST_F(LearnCommand, SaysWhatAMapIsNotWorth) {
  const ProgramRun diverged = learn("--optimizer sgd --lr 1000 --steps 5");
  EXPECT_EQ(diverged.code, 0) << diverged.err;
  EXPECT_TRUE(diverged.says("above the")) << diverged.err;
  EXPECT_TRUE(diverged.says("smaller --lr")) << diverged.err;
  const std::string same = fmt::format(" --target '{}'", folder_ / "a.jsonl");
  for (const char* method : {"lineas --l1 0.1", "gaussian-act"}) {
    const ProgramRun alike = run_program(
        fmt::format("learn -m '{}/qwen2' --source '{}' -o '{}' --method {}",
                    testing::fixtures(),
                    folder_ / "a.jsonl",
                    folder_ / "map",
                    method) +
        same);
    EXPECT_EQ(alike.code, 0) << alike.err;
    EXPECT_TRUE(alike.says("the map does nothing")) << alike.err;
    EXPECT_FALSE(alike.says("Try")) << "a smaller penalty: " << alike.err;
  }
  const ProgramRun rate = learn("--l1 0.1 --lr 0.5 --steps 3");
  EXPECT_TRUE(rate.says("--lr and --schedule do nothing")) << rate.err;
}

TEST_F(LearnCommand, SaysWhosePromptIsWrong) {
  folder_.write("b.jsonl", "{\"ids\": [1]}\n{\"ids\": [999999]}\n");
  const ProgramRun run = learn("--method mean-act");
  EXPECT_EQ(run.code, 2);
  EXPECT_TRUE(run.says("b.jsonl:2: prompt 2: token id 999999")) << run.err;
}

TEST_F(LearnCommand, CountsFewPromptsAsTheyAreTaken) {
  EXPECT_FALSE(learn("--method mean-act").says("prompt(s)"));
  EXPECT_TRUE(learn("--method mean-act --take 3").says("3 prompt(s)"));
}

TEST_F(LearnCommand, SaysThatAnUnfinishedRunIsReplaced) {
  folder_.write("map.state", "of an earlier run");
  const ProgramRun run = learn("--steps 1");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_TRUE(run.says("map.state")) << run.err;
  EXPECT_TRUE(run.says("--resume")) << run.err;
}

// Stopped once three steps are in the log, and continued.
TEST_F(LearnCommand, StoppedAndResumedItEndsInTheSameBytes) {
  const std::string options = "--optimizer adam --steps 800";
  ASSERT_EQ(learn(options, "unbroken").code, 0);
  const std::string log = folder_ / "log.jsonl";
  // The shell's $0 is the log, the rest the program and its arguments.
  const std::string signal =
      "sh -c '\"$@\" & pid=$!; until grep -q step..3 \"$0\"; do sleep 0.02; "
      "done; kill -TERM $pid; wait $pid' '" +
      log + "'";
  folder_.write("log.jsonl", "");
  const ProgramRun stopped =
      learn(options + " --log '" + log + "'", "map", signal);
  EXPECT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_TRUE(stopped.says("map.state is kept")) << stopped.err;
  EXPECT_FALSE(file_exists(folder_ / "map"));
  ASSERT_TRUE(file_exists(folder_ / "map.state"));
  const ProgramRun resumed = learn(options + " --resume");
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(read_file(folder_ / "map"), read_file(folder_ / "unbroken"));
  EXPECT_FALSE(file_exists(folder_ / "map.state"));
}

TEST_F(LearnCommand, EveryMethodWritesAMap) {
  for (const std::string& method : known_methods()) {
    const ProgramRun run =
        learn(fmt::format("--method {} --tokens generated -s 3{}",
                          method,
                          method == "lineas" ? " --steps 2" : ""),
              "any");
    ASSERT_EQ(run.code, 0) << method << "\n" << run.err;
    EXPECT_TRUE(run.says("maps, ")) << method << "\n" << run.err;
    const MapSet set = read_map_set(folder_ / "any");
    EXPECT_EQ(set.provenance["method"], method);
    EXPECT_EQ(set.provenance["options"]["seed"], 3);
    EXPECT_EQ(to_string(set.rules.tokens), "generated");
  }
}

TEST_F(LearnCommand, OptionsOfOtherMethodsAreRefused) {
  const ProgramRun run = learn("--method linear-act --steps 3");
  EXPECT_EQ(run.code, 2);
  EXPECT_TRUE(run.says("--steps") && run.says("lineas")) << run.err;
  const ProgramRun match = learn("--method caa --match 'model.layers.1.mlp'");
  EXPECT_EQ(match.code, 2);
  EXPECT_TRUE(match.says("--match")) << match.err;
}

TEST_F(LearnCommand, LogsEveryStep) {
  const std::string log = folder_ / "log.jsonl";
  ASSERT_EQ(learn("--steps 2 --log '" + log + "'").code, 0);
  const std::string text = read_file(log);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  const Json last = parse_json(text.substr(text.rfind("{\"loss\"")), "the log");
  EXPECT_EQ(last["step"], 2);
  EXPECT_EQ(last["site_loss"].size(), 2u);
  EXPECT_GT(last["seconds"].get<double>(), 0);
}

TEST_F(LearnCommand, AnOutputThatCannotBeWrittenIsFoundFirst) {
  const ProgramRun run = learn("--steps 1000000", "no/such/folder/map");
  EXPECT_EQ(run.code, 8) << run.err;
  EXPECT_TRUE(run.says("no/such/folder")) << run.err;
}

TEST_F(LearnCommand, WrongOptionsAreUsageErrors) {
  for (const char* more : {"--steps -1",
                           "--lr -1",
                           "--optimizer lbfgs",
                           "--schedule linear",
                           "--batch 9",
                           "--take 9",
                           "--l1 x",
                           "--pool sum",
                           "--position middle",
                           "--ot-match some",
                           "--loss-reduction max",
                           "--steps 2.5",
                           "--lr fast",
                           "--tokens some",
                           "--method linear-act --take 1",
                           "--method linear-act --support-range 5",
                           "--method det-0 --experts -1",
                           "--method iti-c --folds 1",
                           "--method magic"}) {
    const ProgramRun run = learn(more);
    EXPECT_EQ(run.code, 2) << more << "\n" << run.err;
    EXPECT_FALSE(file_exists(folder_ / "map")) << more;
  }
}

TEST_F(LearnCommand, FewPromptsAreAWarning) {
  const ProgramRun run = learn("--steps 1 --take 1");
  EXPECT_EQ(run.code, 0) << run.err;
  folder_.write("a.jsonl", "{\"ids\": [3]}\n");
  const ProgramRun one = learn("--steps 1");
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_TRUE(one.says("so few")) << one.err;
}

}  // namespace
}  // namespace lineas
