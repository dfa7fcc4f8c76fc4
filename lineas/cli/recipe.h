// Recipes: the options of a run in a YAML file, by their names on the command
// line, and NAME=VALUE words that change some of them. What is given as a flag
// wins, then such words, then the file. Knows no method and no option.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <utility>
#include <vector>

namespace lineas {

/// The options of a recipe, in the file's order. A list is its values joined by
/// commas, as the command line has them. Throws not_found for a missing file,
/// format (with the line) for one that is no YAML map of names to values.
std::vector<std::pair<std::string, std::string>> read_recipe(
    const std::string& path);

/// Adds --recipe FILE.yaml and NAME=VALUE words. Must come before the command's
/// other options: CLI11 handles them in their order, and these two give values
/// to those that follow.
void add_recipe_options(CLI::App& command);

}  // namespace lineas
