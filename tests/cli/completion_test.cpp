// The completion scripts, run by the shells themselves.
#include "lineas/cli/completion.h"

#include <gtest/gtest.h>

#include "lineas/cli/program.h"
#include "tests/cli/program_run.h"
#include "tests/support/folder.h"

namespace lineas {
namespace {

using testing::TempFolder;

bool has_shell(const std::string& shell) {
  return std::system(("command -v " + shell + " > /dev/null").c_str()) == 0;
}

/// What bash offers for a command line; its last word is being typed.
std::vector<std::string> complete(const std::vector<std::string>& words) {
  const TempFolder folder;
  folder.write("lineas.bash", bash_completion(*make_program(), {"tinytown"}));
  folder.write("list one.txt", "a\n");
  std::string line;
  for (const std::string& word : words) line += fmt::format(" '{}'", word);
  folder.write("ask.bash",
               fmt::format("cd '{}'; . ./lineas.bash\n"
                           "COMP_WORDS=({})\nCOMP_CWORD=$(({} - 1))\n"
                           "_lineas\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
                           folder.path(),
                           line,
                           words.size()));
  const std::string command =
      fmt::format("bash '{}' > '{}'", folder / "ask.bash", folder / "answer");
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::vector<std::string> answers;
  const std::string text = read_file(folder / "answer");
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    answers.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return answers;
}

TEST(Completion, OfCommandsOptionsAndWords) {
  EXPECT_EQ(complete({"lineas", "gen"}), std::vector<std::string>{"generate"});
  EXPECT_EQ(complete({"lineas", "score", "--stre"}),
            std::vector<std::string>{"--strengths"});
  EXPECT_EQ(complete({"lineas", "generate", "--device", "c"}),
            (std::vector<std::string>{"cpu", "cuda"}));
  EXPECT_EQ(complete({"lineas", "generate", "--device", "=", "cu"}),
            std::vector<std::string>{"cuda"});
  EXPECT_EQ(complete({"lineas", "learn", "--method", "linear"}),
            std::vector<std::string>{"linear-act"});
  EXPECT_EQ(complete({"lineas", "learn", "--optimizer", "a"}),
            (std::vector<std::string>{"auto", "adam"}));
  EXPECT_EQ(complete({"lineas", "generate", "-m", "tiny"}),
            std::vector<std::string>{"tinytown"});
}

// A folder, a GGUF file, any file of a folder; for inspect a map, too.
TEST(Completion, OfModelsThatAreFiles) {
  EXPECT_EQ(complete({"lineas", "generate", "-m", "list"}),
            std::vector<std::string>{"list one.txt"});
  EXPECT_EQ(complete({"lineas", "inspect", "list"}),
            std::vector<std::string>{"list one.txt"});
}

TEST(Completion, OfFilesWithBlanksInTheirNames) {
  EXPECT_EQ(complete({"lineas", "generate", "-m", "x", "-f", "list"}),
            std::vector<std::string>{"list one.txt"});
  EXPECT_EQ(complete({"lineas", "diff", "list"}),
            std::vector<std::string>{"list one.txt"});
  EXPECT_EQ(complete({"lineas", "generate", "-n", ""}),
            std::vector<std::string>{""});
}

TEST(Completion, EveryOptionOfEveryCommandIsThere) {
  const auto program = make_program();
  const std::string bash = bash_completion(*program, {});
  const std::string zsh = zsh_completion(*program, {});
  for (const CLI::App* command : program->get_subcommands({}))
    for (const CLI::Option* option : command->get_options())
      for (const std::string& name : option->get_lnames()) {
        EXPECT_NE(bash.find("--" + name), std::string::npos) << name;
        EXPECT_NE(zsh.find("--" + name + "["), std::string::npos) << name;
      }
}

TEST(Completion, ScriptsAreWhatTheShellsUnderstand) {
  const TempFolder folder;
  for (const char* shell : {"bash", "zsh"}) {
    const testing::ProgramRun run =
        testing::run_program(fmt::format("completion {}", shell));
    ASSERT_EQ(run.code, 0) << run.err;
    folder.write(shell, run.out);
    if (!has_shell(shell)) continue;
    const std::string command =
        fmt::format("{} -n '{}'", shell, folder / shell);
    EXPECT_EQ(std::system(command.c_str()), 0) << shell;
  }
  EXPECT_EQ(testing::run_program("completion fish").code, 2);
}

TEST(Completion, ValuesAreKnownByTheirType) {
  CLI::App command;
  std::string value;
  bool flag = false;
  const auto kind = [&](const char* name, const char* type) {
    return value_of(*command.add_option(name, value)->type_name(type)).kind;
  };
  EXPECT_EQ(value_of(*command.add_flag("--flag", flag)).kind,
            Value::Kind::none);
  EXPECT_EQ(kind("-a", "MAP[:STRENGTH]"), Value::Kind::file);
  EXPECT_EQ(kind("-b", "MODEL|MAP|ACTS"), Value::Kind::model);
  EXPECT_EQ(kind("-c", "one|two"), Value::Kind::words);
  EXPECT_EQ(kind("-d", "N"), Value::Kind::free);
}

}  // namespace
}  // namespace lineas
