// Numbers and strings as a template spells them. Knows nothing of tags.
#pragma once

#include <string>
#include <string_view>

#include "lineas/jinja/value.h"

namespace lineas::jinja {

/// \r\n and \r as \n.
std::string one_line_end(std::string_view text);

struct Number {
  Value value;
  size_t length = 0;  // bytes; 0: no number begins here
};
/// The number at the front of `text`. `after_dot`: what stands before it is a
/// dot, so that it is no fraction. Throws unsupported, beginning with `where`,
/// for integers of more than 64 bits.
Number read_number(std::string_view text,
                   bool after_dot,
                   const std::string& where);

/// The inside of a quoted string, its escapes replaced. Throws format or
/// unsupported, beginning with `where`.
std::string unescape(std::string_view inside, const std::string& where);

}  // namespace lineas::jinja
