#include "lineas/jinja/arguments.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/machine.h"

namespace lineas::jinja {

const Value& Bound::need(size_t at) const {
  if (!has(at)) fail(ErrorKind::format, "{} needs an argument more", what_);
  return *values_[at];
}

bool Bound::flag(size_t at) const {
  return has(at) && is_true(*values_[at]);
}

int64_t Bound::whole(size_t at, int64_t fallback) const {
  return has(at) ? to_whole(*values_[at], what_) : fallback;
}

const std::string& Bound::text(size_t at) const {
  const Value& value = need(at);
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_text())
    fail(ErrorKind::format,
         "{} needs a string, not a {}",
         what_,
         type_name(value));
  return value.text();
}

Bound bind(const std::string& what,
           const Arguments& arguments,
           std::initializer_list<std::string_view> parameters,
           size_t only_positional) {
  if (arguments.positional.size() > parameters.size())
    fail(ErrorKind::format,
         "{} takes at most {} argument(s), not {}",
         what,
         parameters.size(),
         arguments.positional.size());
  std::vector<std::optional<Value>> values(parameters.size());
  std::copy(
      arguments.positional.begin(), arguments.positional.end(), values.begin());
  for (const auto& [name, value] : arguments.named) {
    const auto* found = std::find(parameters.begin(), parameters.end(), name);
    const auto at = static_cast<size_t>(found - parameters.begin());
    if (found == parameters.end() || at < only_positional)
      fail(ErrorKind::format,
           "{} has no parameter \"{}\"",
           what,
           printable(name, 40));
    if (values[at])
      fail(ErrorKind::format, "{} is given \"{}\" twice", what, name);
    values[at] = value;
  }
  return {what, std::move(values)};
}

int64_t to_whole(const Value& value, std::string_view what) {
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_whole())
    fail(ErrorKind::format,
         "{} needs an integer, not a {}",
         what,
         type_name(value));
  return value.integer();
}

}  // namespace lineas::jinja
