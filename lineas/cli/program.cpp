#include "lineas/cli/program.h"

#include <c10/util/Exception.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <new>
#include <string_view>

#include "lineas/base/error.h"
#include "lineas/base/version.h"

namespace lineas {
namespace {

constexpr const char* kDescription =
    "Steers language models with affine maps learned from two lists of "
    "prompts.";
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

int parse_and_run(int argc, char** argv) {
  const std::unique_ptr<CLI::App> program = make_program();
  try {
    program->parse(argc, argv);
  } catch (const CLI::Success& success) {
    return program->exit(success);
  } catch (const CLI::ParseError& error) {
    const auto chosen = program->get_subcommands();
    print_error(error.what());
    fmt::print(stderr,
               "Try: lineas {}{}--help\n",
               chosen.empty() ? "" : chosen[0]->get_name(),
               chosen.empty() ? "" : " ");
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
