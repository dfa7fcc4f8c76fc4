#include "lineas/cli/program.h"

#include <c10/util/Exception.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <new>
#include <string_view>

#include "lineas/base/error.h"
#include "lineas/base/names.h"
#include "lineas/base/version.h"
#include "lineas/cli/completion.h"
#include "lineas/cli/habits.h"

namespace lineas {
namespace {

constexpr const char* kDescription =
    "Steers language and text-to-image models with affine maps learned from "
    "two lists of prompts.";
constexpr int kForeignError = 1;

void print_error(std::string_view message) {
  fmt::print(stderr, "lineas: error: {}\n", message);
}

// LibTorch's messages carry a C++ backtrace behind their first line.
int report_foreign(std::string_view message) {
  const std::string_view first = message.substr(0, message.find('\n'));
  print_error(first);
  const bool is_memory = first.find("allocate memory") != first.npos ||
                         first.find("out of memory") != first.npos;
  return is_memory ? exit_code(ErrorKind::resource) : kForeignError;
}

// Results that did not reach their file (a full disk) are a failure too.
void flush_results() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    fail(ErrorKind::resource,
         "standard output: cannot write the results. Is the disk full?");
}

// The parser complains of what is missing before it complains of what it does
// not know; a person who mistyped a name wants to hear of that.
std::string usage_message(CLI::App& program, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = program.remaining(true);
  if (unknown.empty()) return error.what();
  if (!program.get_subcommands().empty() || unknown[0].starts_with('-'))
    return fmt::format("{}: unknown argument", unknown[0]);
  std::vector<std::string> commands;
  for (const CLI::App* command : program.get_subcommands({}))
    commands.push_back(command->get_name());
  return fmt::format("{}: unknown command. {}",
                     unknown[0],
                     nearest_names(unknown[0], commands));
}

void print_usage_error(CLI::App& program, const CLI::ParseError& error) {
  print_error(usage_message(program, error));
  const auto chosen = program.get_subcommands();
  fmt::print(stderr,
             "Try: lineas {}{}--help\n",
             chosen.empty() ? "" : chosen[0]->get_name(),
             chosen.empty() ? "" : " ");
}

int parse_and_run(int argc, char** argv) {
  const std::unique_ptr<CLI::App> program = make_program();
  // The parser takes them from the back.
  std::vector<std::string> arguments =
      adapt_arguments(*program, {argv + std::min(argc, 1), argv + argc});
  std::reverse(arguments.begin(), arguments.end());
  try {
    program->parse(std::move(arguments));
  } catch (const CLI::Success& success) {
    return program->exit(success);
  } catch (const CLI::RuntimeError& outcome) {  // diff: "they differ"
    flush_results();
    return outcome.get_exit_code();
  } catch (const CLI::ParseError& error) {
    print_usage_error(*program, error);
    return exit_code(ErrorKind::usage);
  }
  flush_results();
  return 0;
}

}  // namespace

std::unique_ptr<CLI::App> make_program() {
  auto program = std::make_unique<CLI::App>(kDescription, "lineas");
  program->set_version_flag("--version", std::string("lineas ") + kVersion);
  program->require_subcommand(1);
#define LINEAS_COMMAND(name) add_##name(*program);
#include "lineas/cli/commands.def"
#undef LINEAS_COMMAND
  add_completion(*program);
  return program;
}

int run_program(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const Error& error) {
    print_error(error.what());
    return exit_code(error.kind());
  } catch (const c10::Error& error) {
    return report_foreign(error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
    return exit_code(ErrorKind::resource);
  } catch (const std::exception& error) {
    return report_foreign(error.what());
  }
}

}  // namespace lineas
