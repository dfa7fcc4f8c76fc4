// Prompts as a shell hands them over, and how the program runs beside others.
#include <gtest/gtest.h>

#include "tests/cli/program_run.h"

namespace lineas {
namespace {

using testing::ProgramRun;
using testing::run_program;
using testing::TempFolder;

/// The prompts that `generate` sees for `-f NAME`, after `before |`.
std::vector<std::string> prompts_of(const std::string& name,
                                    const std::string& before) {
  const ProgramRun run =
      run_program("generate -m tinytown -n 0 --json -f " + name, before);
  EXPECT_EQ(run.code, 0) << run.err;
  std::vector<std::string> prompts;
  for (const Json& line : run.lines()) prompts.push_back(line["prompt"]);
  return prompts;
}

TEST(PromptInput, StandardInputIsAFile) {
  const std::vector<std::string> two = {"Greta sang.", "Simon sang."};
  const std::string text = "printf 'Greta sang.\\n \\nSimon sang.\\n' | ";
  EXPECT_EQ(prompts_of("-", text), two);
  EXPECT_EQ(prompts_of("/dev/stdin", text), two);
  EXPECT_EQ(
      prompts_of("-", "printf 'id;text\\n1;Greta sang.\\n2;Simon sang.\\n' | "),
      two);
}

TEST(PromptInput, StandardInputIsReadOnce) {
  const ProgramRun run =
      run_program("learn -m tinytown --source - --target - -o /dev/null",
                  "printf 'a\\nb\\n' | ");
  EXPECT_EQ(run.code, 2);
  EXPECT_TRUE(run.says("standard input was read already")) << run.err;
}

TEST(PromptInput, ATooLongPromptIsNamedWithItsFile) {
  const TempFolder folder;
  std::string words = "Greta sang.\n\n";
  for (int i = 0; i < 5000; ++i) words += "sang ";
  folder.write("long.txt", words + "\n");
  const std::string where = (folder / "long.txt") + ":3: prompt 2 has ";
  for (const char* command : {"generate", "score", "record -o /dev/null"}) {
    const ProgramRun run = run_program(
        fmt::format("{} -m tinytown -f {}", command, folder / "long.txt"));
    EXPECT_EQ(run.code, 2) << run.err;
    EXPECT_TRUE(run.says(where)) << run.err;
  }
}

TEST(PromptInput, ScoreKeepsFinishedLinesAtCtrlC) {
  const TempFolder folder;
  std::string lines;
  for (int i = 0; i < 200000; ++i)
    lines += "Greta and Simon met at the bakery.\n";
  folder.write("many.txt", lines);
  const ProgramRun run = run_program(
      fmt::format("score --json -m tinytown -f {}", folder / "many.txt"),
      "timeout --preserve-status -s INT 12");
  EXPECT_EQ(run.code, 130) << run.err;
  const auto kept = run.lines();
  EXPECT_GT(kept.size(), 0u);
  EXPECT_LT(kept.size(), 200000u);
  EXPECT_TRUE(run.says(fmt::format("after {} of 200000", kept.size())))
      << run.err;
}

// What the OpenMP runtime says of its settings.
std::string spin_count(const std::string& before) {
  const std::string err =
      run_program("--version", before + " OMP_DISPLAY_ENV=verbose").err;
  const size_t at = err.find("GOMP_SPINCOUNT = '");
  if (at == std::string::npos) return "";
  const size_t begin = at + 18;
  return err.substr(begin, err.find('\'', begin) - begin);
}

TEST(Waiting, IsShortUnlessTheUserSaysOtherwise) {
  const std::string own = spin_count("");
  if (own.empty()) GTEST_SKIP() << "the OpenMP runtime is not GCC's";
  EXPECT_LE(std::stoll(own), 10000);
  EXPECT_EQ(spin_count("GOMP_SPINCOUNT=777"), "777");
  EXPECT_GT(std::stoll(spin_count("OMP_WAIT_POLICY=active")), 1000000);
}

}  // namespace
}  // namespace lineas
