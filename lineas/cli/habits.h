// Command lines as people type them out of habit: the options of other
// programs that mean the same here, underscores for dashes, and a word on the
// nearest option for all others. Knows option tables, no command.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace lineas {

/// `arguments` (without the program's name) in the words of the commands' own
/// options:
///   --n-predict, --max-new-tokens, --temperature, ... and --any_option;
///   -seed, as --seed; -hf ORG/MODEL, the model of that name in the Hub cache;
///   --strength X, the strength of the one map that is steered with;
///   -s -1, a seed that is drawn, and told.
/// Throws usage for an option that the command does not have, naming the
/// nearest.
std::vector<std::string> adapt_arguments(
    const CLI::App& program, const std::vector<std::string>& arguments);

/// "--src: unknown option; nearest: --source".
std::string describe_unknown_option(const CLI::App& command,
                                    const std::string& option);

}  // namespace lineas
