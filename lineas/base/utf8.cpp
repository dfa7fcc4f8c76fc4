#include "lineas/base/utf8.h"

namespace lineas {
namespace {

struct Range {
  unsigned char low, high;
};

/// What the second byte may be (Unicode table 3-7: no overlong forms, no
/// surrogates, nothing above U+10FFFF).
Range second_byte(unsigned char lead) {
  switch (lead) {
    case 0xe0:
      return {0xa0, 0xbf};
    case 0xed:
      return {0x80, 0x9f};
    case 0xf0:
      return {0x90, 0xbf};
    case 0xf4:
      return {0x80, 0x8f};
    default:
      return {0x80, 0xbf};
  }
}

}  // namespace

size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

Utf8Step next_utf8(std::string_view text) {
  if (text.empty()) return {};
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = utf8_length(lead);
  if (length == 0) return {std::nullopt, 1};
  if (length == 1) return {lead, 1};
  char32_t code = lead & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {};
    const auto byte = static_cast<unsigned char>(text[i]);
    const Range range = i == 1 ? second_byte(lead) : Range{0x80, 0xbf};
    if (byte < range.low || byte > range.high) return {std::nullopt, i};
    code = code << 6 | (byte & 0x3f);
  }
  return {code, length};
}

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const Utf8Step step = next_utf8(text.substr(at));
    if (!step.code) return at;
    at += step.length;
  }
  return std::nullopt;
}

size_t append_lossy(std::string_view bytes, bool final, std::string& out) {
  size_t at = 0;
  while (at < bytes.size()) {
    const Utf8Step step = next_utf8(bytes.substr(at));
    if (step.code) {
      out += bytes.substr(at, step.length);
    } else if (step.length > 0 || final) {
      out += kReplacement;
    }
    if (step.length == 0) return final ? bytes.size() : at;
    at += step.length;
  }
  return at;
}

}  // namespace lineas
