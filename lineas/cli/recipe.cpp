#include "lineas/cli/recipe.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "lineas/base/error.h"
#include "lineas/base/file.h"
#include "lineas/base/names.h"

namespace lineas {
namespace {

constexpr const char* kRecipe = "recipe";

[[noreturn]] void fail_at(const std::string& path,
                          const YAML::Mark& mark,
                          const std::string& message) {
  fail(ErrorKind::format, "{}: line {}: {}", path, mark.line + 1, message);
}

YAML::Node parse(const std::string& path) {
  try {
    return YAML::Load(read_file(path));
  } catch (const YAML::Exception& error) {
    fail_at(path, error.mark, error.msg);
  }
}

std::string value_of(const YAML::Node& node,
                     const std::string& name,
                     const std::string& path) {
  if (node.IsScalar()) return node.Scalar();
  std::vector<std::string> values;
  for (const YAML::Node& one : node)
    if (node.IsSequence() && one.IsScalar()) values.push_back(one.Scalar());
  if (values.empty() || values.size() != node.size())
    fail_at(path, node.Mark(), name + " must be a value or a list of values");
  return fmt::format("{}", fmt::join(values, ","));
}

std::vector<std::string> names_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    if (!option->get_lnames().empty()) names.push_back(option->get_lnames()[0]);
  return names;
}

// Gives an option its value where it has none yet. `where` begins a complaint.
void fill_in(CLI::App& command,
             const std::string& name,
             const std::string& value,
             const std::string& where) {
  std::string own = name;
  std::replace(own.begin(), own.end(), '_', '-');
  CLI::Option* option = command.get_option_no_throw("--" + own);
  if (option == nullptr || name == kRecipe || name == "help")
    fail(ErrorKind::usage,
         "{}: {} has no option \"{}\". {}",
         where,
         command.get_name(),
         name,
         nearest_names(name, names_of(command)));
  if (option->count() == 0) option->add_result(value);
}

void take_words(CLI::App& command, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      fail(ErrorKind::usage,
           "{}: unknown argument; options begin with --, or are NAME=VALUE",
           word);
    fill_in(command, word.substr(0, equals), word.substr(equals + 1), word);
  }
}

void take_recipe(CLI::App& command, const std::string& path) {
  for (const auto& [name, value] : read_recipe(path))
    fill_in(command, name, value, path);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> read_recipe(
    const std::string& path) {
  const YAML::Node root = parse(path);
  if (!root.IsMap())
    fail_at(path, root.Mark(), "a recipe is a map of option names to values");
  std::vector<std::pair<std::string, std::string>> options;
  std::set<std::string> seen;
  for (const auto& entry : root) {
    const YAML::Node &key = entry.first, &node = entry.second;
    if (!key.IsScalar()) fail_at(path, key.Mark(), "a name is wanted here");
    const std::string name = key.Scalar();
    if (!seen.insert(name).second)
      fail_at(path, key.Mark(), name + " is there twice");
    options.emplace_back(name, value_of(node, name, path));
  }
  return options;
}

void add_recipe_options(CLI::App& command) {
  command
      .add_option_function<std::vector<std::string>>(
          "settings",
          [&command](const auto& words) { take_words(command, words); },
          "Options as NAME=VALUE, which win over the recipe's")
      ->type_name("NAME=VALUE");
  command
      .add_option_function<std::string>(
          "--recipe",
          [&command](const auto& path) { take_recipe(command, path); },
          "A YAML file of options by their names here; flags win over it")
      ->type_name("FILE.yaml");
}

}  // namespace lineas
