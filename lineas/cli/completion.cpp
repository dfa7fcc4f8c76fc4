#include "lineas/cli/completion.h"

#include <algorithm>
#include <sstream>

#include "lineas/base/error.h"
#include "lineas/engine/find_model.h"

namespace lineas {
namespace {

using Words = std::vector<std::string>;
using Kind = Value::Kind;

std::string join(const Words& words, const char* between = " ") {
  return fmt::format("{}", fmt::join(words, between));
}

Words split(const std::string& text, char separator) {
  Words words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);)
    words.push_back(word);
  return words;
}

/// As they are typed: -m, --model; without the second half of --x,!--no-x.
Words names_of(const CLI::Option& option) {
  Words names;
  for (const std::string& name : option.get_snames())
    names.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    names.push_back("--" + name);
  return names;
}

const CLI::Option* positional_of(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional() && value_of(*option).kind != Kind::free)
      return option;
  return nullptr;
}

/// One sentence at most: a menu's line.
std::string short_description(const std::string& text) {
  const size_t end = std::min(text.find(". "), text.find(" ["));
  return text.substr(0, end);
}

// Bash ----------------------------------------------------------------------

std::string bash_answer(const Value& value, const Words& models) {
  if (value.kind == Kind::words)
    return fmt::format("_lineas_words '{}'", join(value.words));
  if (value.kind == Kind::model)
    return fmt::format("_lineas_model '{}'", join(models));
  return value.kind == Kind::file ? "_lineas_file" : ":";
}

std::string bash_command(const CLI::App& command, const Words& models) {
  const std::string& name = command.get_name();
  std::string cases;
  Words options;
  for (const CLI::Option* option : command.get_options()) {
    const Words names = names_of(*option);
    options.insert(options.end(), names.begin(), names.end());
    const Value value = value_of(*option);
    if (value.kind == Kind::none || names.empty()) continue;
    Words patterns;
    for (const std::string& one : names)
      patterns.push_back(fmt::format("'{} {}'", name, one));
    cases += fmt::format(
        "    {}) {} ;;\n", join(patterns, "|"), bash_answer(value, models));
  }
  const CLI::Option* positional = positional_of(command);
  const std::string words = fmt::format("_lineas_words '{}'", join(options));
  if (positional == nullptr)
    return fmt::format("{}    '{} '*) {} ;;\n", cases, name, words);
  return fmt::format(
      "{0}    '{1} '*)\n      if [[ $cur == -* ]]; then {2}\n"
      "      else {3}; fi ;;\n",
      cases,
      name,
      words,
      bash_answer(value_of(*positional), models));
}

constexpr const char* kBashHead =
    R"(# bash completion of lineas, by `lineas completion bash`
_lineas_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_lineas_file() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
_lineas_model() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"; compgen -f -- "$cur")
}
_lineas() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local command=${COMP_WORDS[1]}
  COMPREPLY=()
  # bash takes --device=cpu apart at the sign.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
)";

// Zsh -----------------------------------------------------------------------

/// Inside single quotes, and inside [...] or before a colon.
std::string zsh_escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return escaped;
}

std::string zsh_value(const Value& value, const Words& models) {
  if (value.kind == Kind::none) return "";
  if (value.kind == Kind::words)
    return fmt::format(":value:({})", join(value.words));
  if (value.kind == Kind::model)
    return fmt::format(":model:{{compadd -- {} ; _files}}", join(models));
  return value.kind == Kind::file ? ":file:_files" : ":value: ";
}

std::string zsh_command(const CLI::App& command, const Words& models) {
  std::string lines;
  const auto add = [&lines](const std::string& spec) {
    lines += fmt::format(" \\\n        '{}'", spec);
  };
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : names_of(*option))
      add(fmt::format("*{}[{}]{}",
                      name,
                      zsh_escape(short_description(option->get_description())),
                      zsh_value(value_of(*option), models)));
  if (const CLI::Option* positional = positional_of(command))
    add("*" + zsh_value(value_of(*positional), models));
  return fmt::format(
      "    {})\n      _arguments -S{} ;;\n", command.get_name(), lines);
}

// The command ---------------------------------------------------------------

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App*) { return true; });
}

void print_script(const CLI::App& program, const std::string& shell) {
  const Words models = bundled_models();
  if (shell == "bash")
    fmt::print("{}", bash_completion(program, models));
  else if (shell == "zsh")
    fmt::print("{}", zsh_completion(program, models));
  else
    fail(ErrorKind::usage, "completion {}: one of bash and zsh", shell);
}

}  // namespace

Value value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  const bool is_words = type.find('|') != std::string::npos &&
                        std::none_of(type.begin(), type.end(), [](char c) {
                          return c >= 'A' && c <= 'Z';
                        });
  if (is_words) return {Kind::words, split(type, '|')};
  if (type.find("MODEL") != std::string::npos) return {Kind::model};
  for (const char* word : {"FILE", "MAP", "ACTS", "FOLDER"})
    if (type.find(word) != std::string::npos) return {Kind::file};
  return {Kind::free};
}

std::string bash_completion(const CLI::App& program,
                            const std::vector<std::string>& models) {
  Words first;
  std::string cases;
  for (const CLI::App* command : commands_of(program)) {
    first.push_back(command->get_name());
    cases += bash_command(*command, models);
  }
  for (const CLI::Option* option : program.get_options())
    for (const std::string& name : names_of(*option)) first.push_back(name);
  return fmt::format(
      "{}  if ((COMP_CWORD == 1)); then\n    _lineas_words '{}'\n    return\n"
      "  fi\n  case \"$command $prev\" in\n{}  esac\n}}\n"
      "complete -F _lineas lineas\n",
      kBashHead,
      join(first),
      cases);
}

std::string zsh_completion(const CLI::App& program,
                           const std::vector<std::string>& models) {
  std::string menu, cases;
  for (const CLI::App* command : commands_of(program)) {
    menu += fmt::format("    '{}:{}'\n",
                        command->get_name(),
                        zsh_escape(command->get_description()));
    cases += zsh_command(*command, models);
  }
  return fmt::format(
      "#compdef lineas\n# zsh completion of lineas, by `lineas completion "
      "zsh`\n_lineas() {{\n  local -a commands\n  commands=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n    _describe command commands\n"
      "    return\n  fi\n  shift words\n  (( CURRENT-- ))\n"
      "  case $words[1] in\n{}  esac\n}}\n"
      "if [[ $funcstack[1] == _lineas ]]; then\n  _lineas \"$@\"\n"
      "else\n  compdef _lineas lineas\nfi\n",
      menu,
      cases);
}

void add_completion(CLI::App& program) {
  auto shell = std::make_shared<std::string>();
  CLI::App& command = *program.add_subcommand(
      "completion",
      "Print a script that completes command lines: source <(lineas "
      "completion bash)");
  command.add_option("shell", *shell, "For which shell: bash or zsh")
      ->type_name("bash|zsh")
      ->required();
  command.callback([&program, shell] { print_script(program, *shell); });
}

}  // namespace lineas
