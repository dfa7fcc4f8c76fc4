#include "lineas/schedulers/scheduler_config.h"

#include <algorithm>

#include "lineas/base/printable.h"

namespace lineas {
namespace {

// Keys that only say what the saving class took by default: another class, or
// a later version, has defaults of its own.
std::vector<std::string> defaulted(const Json& config,
                                   const std::string& where) {
  return value_or<std::vector<std::string>>(
      config, "_use_default_values", where, {});
}

}  // namespace

SchedulerConfig::SchedulerConfig(const Json& config,
                                 const Json& defaults,
                                 const std::string& where)
    : raw_(config), defaults_(defaults), values_(defaults), where_(where) {
  const std::vector<std::string> skipped = defaulted(config, where);
  for (const std::string& key : skipped) raw_.erase(key);
  for (const auto& item : raw_.items())
    if (values_.contains(item.key())) values_[item.key()] = item.value();
}

const Json& SchedulerConfig::value(const std::string& key) const {
  const Json& found = values_.at(key);
  return found.is_null() ? defaults_.at(key) : found;
}

bool SchedulerConfig::flag(const std::string& key) const {
  return value_or<bool>(values_, key, where_, false);
}

double SchedulerConfig::number(const std::string& key) const {
  return json_detail::convert<double>(value(key), key, where_);
}

std::optional<double> SchedulerConfig::optional_number(
    const std::string& key) const {
  if (value(key).is_null()) return std::nullopt;
  return number(key);
}

int64_t SchedulerConfig::integer(const std::string& key,
                                 int64_t least,
                                 int64_t most) const {
  const auto found = json_detail::convert<int64_t>(value(key), key, where_);
  if (found < least || found > most)
    fail_field(ErrorKind::format,
               key,
               "is {}, it must be {} to {}",
               found,
               least,
               most);
  return found;
}

std::string SchedulerConfig::text(const std::string& key) const {
  return json_detail::convert<std::string>(value(key), key, where_);
}

std::optional<std::string> SchedulerConfig::optional_text(
    const std::string& key) const {
  if (value(key).is_null()) return std::nullopt;
  return text(key);
}

std::optional<std::vector<double>> SchedulerConfig::list(
    const std::string& key) const {
  if (value(key).is_null()) return std::nullopt;
  return json_detail::convert<std::vector<double>>(value(key), key, where_);
}

std::string SchedulerConfig::choice(
    const std::string& key, std::initializer_list<const char*> known) const {
  const std::string found = text(key);
  if (std::find(known.begin(), known.end(), found) == known.end())
    fail_field(ErrorKind::unsupported,
               key,
               "is \"{}\", which is not supported here; known: {}",
               printable(found),
               fmt::join(known, ", "));
  return found;
}

void SchedulerConfig::refuse_flag(const std::string& key) const {
  if (flag(key))
    fail_field(ErrorKind::unsupported,
               key,
               "is true, which is not supported; make it false, or choose "
               "another scheduler");
}

std::optional<double> SchedulerConfig::of_any_class(
    const std::string& key) const {
  const auto found = raw_.find(key);
  if (found == raw_.end() || found->is_null()) return std::nullopt;
  return json_detail::convert<double>(*found, key, where_);
}

}  // namespace lineas
