#include "lineas/diffusion/config_fields.h"

#include <cmath>

#include "lineas/base/error.h"
#include "lineas/base/log.h"
#include "lineas/base/printable.h"

namespace lineas {

ConfigFields::ConfigFields(const Json& config,
                           const char* defaults,
                           const std::string& where)
    : given_(config),
      known_(parse_json(defaults, where)),
      whole_(known_),
      where_(where) {
  if (!config.is_object())
    fail(ErrorKind::format, "{}: is not a JSON object", where);
  for (const auto& item : config.items())
    if (!item.value().is_null()) whole_[item.key()] = item.value();
}

bool ConfigFields::is_null(const std::string& key) const {
  return !whole_.contains(key) || whole_[key].is_null();
}

int64_t ConfigFields::checked_size(const std::string& key, int64_t size) const {
  constexpr int64_t kLargest = int64_t{1} << 31;
  if (size >= 1 && size < kLargest) return size;
  fail(ErrorKind::format,
       "{}: \"{}\" is {}, it must be a positive size",
       where_,
       key,
       size);
}

int64_t ConfigFields::size(const std::string& key) const {
  return checked_size(key, integer(key));
}

int64_t ConfigFields::integer(const std::string& key) const {
  return require<int64_t>(whole_, key, where_);
}

double ConfigFields::positive(const std::string& key) const {
  const auto value = require<double>(whole_, key, where_);
  if (std::isfinite(value) && value > 0) return value;
  fail(ErrorKind::format,
       "{}: \"{}\" is {}, it must be a number above 0",
       where_,
       key,
       value);
}

double ConfigFields::number(const std::string& key) const {
  const auto value = require<double>(whole_, key, where_);
  if (std::isfinite(value)) return value;
  fail(ErrorKind::format, "{}: \"{}\" is {}", where_, key, value);
}

int64_t ConfigFields::odd(const std::string& key) const {
  const int64_t value = size(key);
  if (value % 2 == 1) return value;
  fail(ErrorKind::format,
       "{}: \"{}\" is {}, it must be odd",
       where_,
       key,
       value);
}

bool ConfigFields::flag(const std::string& key) const {
  return require<bool>(whole_, key, where_);
}

std::string ConfigFields::text(const std::string& key) const {
  return require<std::string>(whole_, key, where_);
}

std::vector<int64_t> ConfigFields::sizes(const std::string& key) const {
  auto list = require<std::vector<int64_t>>(whole_, key, where_);
  for (const int64_t size : list) checked_size(key, size);
  return list;
}

std::vector<int64_t> ConfigFields::counts(const std::string& key) const {
  constexpr int64_t kMost = 1000;
  auto list = require<std::vector<int64_t>>(whole_, key, where_);
  for (const int64_t count : list)
    if (count < 0 || count > kMost)
      fail(ErrorKind::format,
           "{}: \"{}\" has {}, it must have numbers from 0 to {}",
           where_,
           key,
           count,
           kMost);
  return list;
}

void ConfigFields::other_name(const std::string& other,
                              const std::string& key) {
  if (!given_.contains(other) || given_[other].is_null()) return;
  const bool has_both = given_.contains(key) && !given_[key].is_null();
  if (has_both && given_[key] != given_[other])
    fail(ErrorKind::format,
         "{}: \"{}\" is {} but \"{}\" is {}, and they are one thing; remove "
         "the wrong one",
         where_,
         key,
         printable(given_[key].dump()),
         other,
         printable(given_[other].dump()));
  whole_[key] = given_[other];
}

void ConfigFields::warn_of_unknown() const {
  for (const auto& item : given_.items())
    if (!item.key().starts_with('_') && !known_.contains(item.key()))
      log_warning("{}: \"{}\" is not a field of its class and is ignored",
                  where_,
                  printable(item.key()));
}

}  // namespace lineas
