// Bytes from a file in a message: whatever they are, the terminal shows them,
// obeys none of them and is not filled by them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lineas {

/// UTF-8 text with control characters as \x1b, U+FFFD for what is invalid, cut
/// after `most` characters (then with "..." and the number of bytes).
std::string printable(std::string_view bytes, size_t most = 200);

/// The same, uncut: for output rather than messages.
inline std::string printable_whole(std::string_view bytes) {
  return printable(bytes, bytes.size());
}

}  // namespace lineas
