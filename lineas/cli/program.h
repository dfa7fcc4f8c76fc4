// The program itself: its commands, and how failures become messages and exit
// codes. Knows no command's options.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

namespace lineas {

// Every command's file defines add_NAME: it adds the subcommand with its
// options, and a callback that runs it.
#define LINEAS_COMMAND(name) void add_##name(CLI::App& program);
#include "lineas/cli/commands.def"
#undef LINEAS_COMMAND

/// The program with all its commands, ready to parse.
std::unique_ptr<CLI::App> make_program();

/// Parses and runs; the exit code (see base/error.h). Messages go to stderr,
/// without a backtrace; nothing is thrown.
int run_program(int argc, char** argv);

}  // namespace lineas
