// Values as text: Python's str() and repr(), and json.dumps.
#pragma once

#include <string>

#include "lineas/jinja/value.h"

namespace lineas::jinja {

std::string str(const Value& value);
std::string repr(const Value& value);
/// Python's repr of a float: the shortest digits that give it back.
std::string print_real(double number);

struct JsonStyle {
  bool ascii = false;                 // other characters as \uXXXX
  std::optional<std::string> indent;  // one level; absent: all on one line
  std::string comma = ", ", colon = ": ";
  bool sorted = false;
};
/// Throws format for what JSON has no form of.
std::string to_json(const Value& value, const JsonStyle& style);

}  // namespace lineas::jinja
