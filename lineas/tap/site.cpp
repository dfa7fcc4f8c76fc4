#include "lineas/tap/site.h"

#include <algorithm>
#include <regex>

#include "lineas/base/error.h"
#include "lineas/base/names.h"

namespace lineas {
namespace {

// "name" and "name:0" are one site; later elements keep their number.
std::string without_zero(const std::string& name) {
  return name.ends_with(":0") ? name.substr(0, name.size() - 2) : name;
}

// Splits "pattern:k" into the pattern and k; k is empty where there is none.
std::pair<std::string, std::string> split_element(const std::string& pattern) {
  const size_t colon = pattern.rfind(':');
  if (colon == std::string::npos || colon + 1 == pattern.size() ||
      pattern.find_first_not_of("0123456789", colon + 1) != std::string::npos)
    return {pattern, ""};
  return {pattern.substr(0, colon), pattern.substr(colon + 1)};
}

// A site without a number is element 0 of its module, or all of them joined.
bool is_element(const std::string& wanted,
                const std::string& its,
                bool is_joined) {
  if (is_joined) return wanted == its;
  return wanted.empty() || wanted == (its.empty() ? "0" : its);
}

std::regex compile(const std::string& pattern) {
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    fail(ErrorKind::usage,
         "site pattern \"{}\" is not a regular expression: {}",
         pattern,
         error.what());
  }
}

// One alternative of a pattern: modules, and which element of their outputs.
struct Choice {
  std::regex module;
  std::string element;
};

Choice read_choice(const std::string& pattern) {
  const auto [module, element] = split_element(pattern);
  return {compile(module), element};
}

// Parts between the bars of the outermost level, as each may name an element.
std::vector<std::string> alternatives(const std::string& pattern) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      parts.back() += c;
      parts.back() += pattern[++i];
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    if (!in_class) depth += (c == '(') - (c == ')');
    if (c == '|' && depth == 0 && !in_class)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

}  // namespace

SiteIndex SiteTable::add(std::string name, int64_t width) {
  const SiteIndex index = static_cast<SiteIndex>(sites_.size());
  if (!index_.emplace(name, index).second)
    fail(ErrorKind::format, "site \"{}\" exists twice in the model", name);
  sites_.push_back({std::move(name), width});
  return index;
}

std::vector<std::string> SiteTable::names() const {
  std::vector<std::string> names;
  for (const Site& site : sites_) names.push_back(site.name);
  return names;
}

SiteIndex SiteTable::find(const std::string& name) const {
  auto found = index_.find(name);
  if (found == index_.end()) found = index_.find(without_zero(name));
  return found == index_.end() ? -1 : found->second;
}

bool SiteTable::is_joined(const std::string& module) const {
  return index_.contains(module) && index_.contains(module + ":0");
}

std::vector<SiteIndex> SiteTable::match(const std::string& pattern) const {
  std::vector<Choice> choices;
  for (const std::string& part : alternatives(pattern))
    choices.push_back(read_choice(part));
  std::vector<SiteIndex> matches;
  for (SiteIndex i = 0; i < size(); ++i) {
    const auto [module, element] = split_element(sites_[i].name);
    const bool joined = is_joined(module);
    const auto fits = [&](const Choice& choice) {
      return is_element(choice.element, element, joined) &&
             std::regex_match(module, choice.module);
    };
    if (std::any_of(choices.begin(), choices.end(), fits)) matches.push_back(i);
  }
  if (matches.empty())
    fail(ErrorKind::not_found,
         "site pattern \"{}\" matches none of the {} sites. {} "
         "`lineas inspect` lists them.",
         pattern,
         size(),
         nearest_names(pattern, names()));
  return matches;
}

}  // namespace lineas
