#include "lineas/cli/method_options.h"

#include <algorithm>
#include <vector>

#include "lineas/learn/methods.h"

namespace lineas {
namespace {

using Names = std::vector<std::string>;

// An option that several methods may have: default -> methods.
struct SharedOption {
  MethodOption first;
  std::vector<std::pair<std::string, Names>> defaults;
};

std::string show_default(const Json& value) {
  if (!value.is_string()) return value.dump();
  const std::string text = value;
  return text.empty() ? "none" : text;
}

void add_default(SharedOption& shared,
                 const std::string& value,
                 const std::string& method) {
  for (auto& [known, methods] : shared.defaults)
    if (known == value) return methods.push_back(method);
  shared.defaults.push_back({value, {method}});
}

std::vector<SharedOption> union_of_options() {
  std::vector<SharedOption> all;
  for (const std::string& method : known_methods())
    for (const MethodOption& option : method_options(method)) {
      auto place =
          std::find_if(all.begin(), all.end(), [&](const auto& shared) {
            return shared.first.name == option.name;
          });
      if (place == all.end()) place = all.insert(all.end(), {option, {}});
      add_default(*place, show_default(option.value), method);
    }
  return all;
}

// "all methods", "all but lineas", or the names.
std::string describe_methods(const Names& methods) {
  constexpr size_t kFewMissing = 2;
  Names missing;
  for (const std::string& method : known_methods())
    if (std::find(methods.begin(), methods.end(), method) == methods.end())
      missing.push_back(method);
  if (missing.empty()) return "all methods";
  if (missing.size() > kFewMissing || missing.size() >= methods.size())
    return fmt::format("{}", fmt::join(methods, ", "));
  return fmt::format("all but {}", fmt::join(missing, ", "));
}

std::string describe(const SharedOption& shared) {
  Names parts;
  for (const auto& [value, methods] : shared.defaults)
    parts.push_back(fmt::format("{}: {}", value, describe_methods(methods)));
  return fmt::format("{} [{}]", shared.first.sentence, fmt::join(parts, "; "));
}

// The words that a text option takes, where it takes no others.
std::string type_name(const MethodOption& option) {
  static const std::map<std::string, const char*> words = {
      {"optimizer", "gentle|auto|adam|sgd"},
      {"schedule", "cosine|constant"},
      {"keep", "auto|X"},
      {"shrink", "error|none"},
      {"ot-match", "exact|subsample"},
      {"loss-reduction", "sum|mean"},
      {"pool", "mean|max|min|median|last"},
      {"position", "all|last|avg"},
      {"target-runs", "mapped|untouched"}};
  const auto found = words.find(option.name);
  if (found != words.end()) return found->second;
  if (option.value.is_string()) return "TEXT";
  return option.value.is_number_integer() ? "N" : "X";
}

}  // namespace

void add_method_options(CLI::App& command, OptionTexts& texts) {
  for (const SharedOption& shared : union_of_options()) {
    const std::string name = shared.first.name;
    const auto keep = [&texts, name](const std::string& text) {
      texts[name] = text;
    };
    if (shared.first.value.is_boolean()) {
      command.add_flag_function(
          fmt::format("--{0},!--no-{0}", name),
          [keep](int64_t count) { keep(count > 0 ? "true" : "false"); },
          describe(shared));
      continue;
    }
    const std::string flag = name == "seed" ? "-s,--seed" : "--" + name;
    command.add_option_function<std::string>(flag, keep, describe(shared))
        ->type_name(type_name(shared.first));
  }
}

}  // namespace lineas
