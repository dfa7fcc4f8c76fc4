// UTF-8: reading it a character at a time, checking it, and repairing it the
// way everybody does (U+FFFD). Knows no properties of characters.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lineas {

/// One character read from the front of UTF-8 text. `length` 0: the text ends
/// inside a character that could still become valid. `code` absent with
/// `length` > 0: that many bytes are invalid (the longest prefix that could
/// have begun a character, as Unicode recommends, and at least one byte).
struct Utf8Step {
  std::optional<char32_t> code;
  size_t length = 0;
};
Utf8Step next_utf8(std::string_view text);

/// Bytes of the character that a valid lead byte begins.
size_t utf8_length(unsigned char lead);

/// The position of the first byte that is not UTF-8, or nothing.
std::optional<size_t> find_invalid_utf8(std::string_view text);

/// Appends `bytes` to `out`, U+FFFD for what is invalid, and returns how many
/// bytes were used: all of them when `final`, else all but an unfinished
/// character at the end.
size_t append_lossy(std::string_view bytes, bool final, std::string& out);

inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

}  // namespace lineas
