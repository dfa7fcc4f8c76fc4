#include "lineas/base/printable.h"

#include <fmt/format.h>

#include "lineas/base/utf8.h"

namespace lineas {
namespace {

// C0, delete and C1: what moves cursors, rings bells and changes colours.
bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

}  // namespace

std::string printable(std::string_view bytes, size_t most) {
  std::string out;
  size_t at = 0;
  for (size_t count = 0; at < bytes.size(); ++count) {
    if (count == most)
      return fmt::format("{}... ({} bytes)", out, bytes.size());
    const Utf8Step step = next_utf8(bytes.substr(at));
    if (!step.code)
      out += kReplacement;
    else if (is_control(*step.code))
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(*step.code));
    else
      out += bytes.substr(at, step.length);
    // A text that ends inside a character has one step of length 0.
    at = step.length == 0 ? bytes.size() : at + step.length;
  }
  return out;
}

}  // namespace lineas
