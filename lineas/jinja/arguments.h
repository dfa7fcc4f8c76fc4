// The arguments of a call held against the parameters of a function of ours.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/jinja/value.h"

namespace lineas::jinja {

/// Arguments by parameter; what was not given is absent.
class Bound {
 public:
  Bound(std::string what, std::vector<std::optional<Value>> values)
      : what_(std::move(what)), values_(std::move(values)) {}

  bool has(size_t at) const { return values_[at].has_value(); }
  /// The argument; throws format where it was not given.
  const Value& need(size_t at) const;
  Value get(size_t at, Value fallback) const {
    return has(at) ? *values_[at] : std::move(fallback);
  }
  bool flag(size_t at) const;
  int64_t whole(size_t at, int64_t fallback) const;
  /// Throws format for what is no string.
  const std::string& text(size_t at) const;

 private:
  std::string what_;
  std::vector<std::optional<Value>> values_;
};

/// Throws format, in the name of `what`, for arguments that there are no
/// parameters for. The first `only_positional` parameters have no names.
Bound bind(const std::string& what,
           const Arguments& arguments,
           std::initializer_list<std::string_view> parameters,
           size_t only_positional = 0);

/// `value` as an integer; throws format, in the name of `what`.
int64_t to_whole(const Value& value, std::string_view what);

}  // namespace lineas::jinja
