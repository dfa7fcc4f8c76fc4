// Arithmetic and joining, as Python's operators do them.
#pragma once

#include <string>
#include <string_view>

#include "lineas/jinja/machine.h"

namespace lineas::jinja {

/// `left SIGN right` for + - * / // % **.
Value arithmetic(Machine& machine,
                 std::string_view sign,
                 const Value& left,
                 const Value& right);
/// -value or +value.
Value signed_value(std::string_view sign, const Value& value);
/// The values as text, one behind the other (`~`).
Value concat(Machine& machine, const Values& values);

/// `&`, `<`, `>` and quotes as HTML writes them.
std::string escape_html(const std::string& text);

/// `format % values` (printf style): `values` a tuple, a dict or one value.
Value percent_format(Machine& machine,
                     const std::string& format,
                     const Value& values);

}  // namespace lineas::jinja
