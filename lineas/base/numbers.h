// Numbers that are the whole of a text.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace lineas {

/// The text as one decimal number, or nothing where there is anything else in
/// it, or it does not fit. "nan" and "inf" are numbers of floating types.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace lineas
