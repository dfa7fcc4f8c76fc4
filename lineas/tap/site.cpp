#include "lineas/tap/site.h"

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

// A site without a number is element 0 of its module.
bool is_element(const std::string& wanted, const std::string& its) {
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
  const auto found = index_.find(without_zero(name));
  return found == index_.end() ? -1 : found->second;
}

std::vector<SiteIndex> SiteTable::match(const std::string& pattern) const {
  const auto [module_pattern, element] = split_element(pattern);
  const std::regex expression = compile(module_pattern);
  std::vector<SiteIndex> matches;
  for (SiteIndex i = 0; i < size(); ++i) {
    const auto [module, its_element] = split_element(sites_[i].name);
    if (is_element(element, its_element) &&
        std::regex_match(module, expression))
      matches.push_back(i);
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
