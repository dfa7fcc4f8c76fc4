// Completion of command lines in bash and zsh, as scripts made from the same
// tables that the parser has: what is added there is completed here.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace lineas {

/// The command `completion`, which prints such a script.
void add_completion(CLI::App& program);

/// What can stand behind an option, as its type name says: `cpu|cuda` are
/// words, MODEL, FILE, MAP, ... are looked for on disk, others are free.
struct Value {
  enum class Kind { none, free, words, file, model } kind = Kind::none;
  std::vector<std::string> words = {};
};
Value value_of(const CLI::Option& option);

/// The scripts. `models`: names of models that need no folder.
std::string bash_completion(const CLI::App& program,
                            const std::vector<std::string>& models);
std::string zsh_completion(const CLI::App& program,
                           const std::vector<std::string>& models);

}  // namespace lineas
