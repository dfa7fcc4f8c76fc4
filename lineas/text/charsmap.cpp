#include "lineas/text/charsmap.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/text/unicode.h"

namespace lineas {
namespace {

uint32_t read_u32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

// What a unit of the trie holds.
bool has_leaf(uint32_t unit) {
  return (unit >> 8 & 1) != 0;
}
uint32_t label(uint32_t unit) {
  return unit & (1U << 31 | 0xff);
}
size_t offset(uint32_t unit) {
  return static_cast<size_t>(unit >> 10) << ((unit & 1U << 9) >> 6);
}
size_t value(uint32_t unit) {
  return unit & ((1U << 31) - 1);
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

CharsMap::CharsMap(std::string_view bytes, std::string_view where) {
  const size_t size = bytes.size() < 4 ? 0 : read_u32(bytes, 0);
  if (size < 4 || size % 4 != 0 || size > bytes.size() - 4) {
    fail(ErrorKind::format,
         "{}: its character map of {} bytes is cut short or no map",
         where,
         bytes.size());
  }
  units_.reserve(size / 4);
  for (size_t at = 4; at < size + 4; at += 4) {
    units_.push_back(read_u32(bytes, at));
  }
  replacements_ = bytes.substr(size + 4);
  if (find_invalid_utf8(replacements_)) {
    fail(ErrorKind::format, "{}: its character map is not UTF-8", where);
  }
}

const char* CharsMap::find(std::string_view part) const {
  size_t node = offset(units_[0]);
  for (const char c : part) {
    if (c == '\0') return nullptr;
    const auto byte = static_cast<unsigned char>(c);
    node ^= byte;
    if (node >= units_.size() || label(units_[node]) != byte) return nullptr;
    const bool leaf = has_leaf(units_[node]);
    node ^= offset(units_[node]);
    if (leaf && node < units_.size()) {
      const size_t at = value(units_[node]);
      return at <= replacements_.size() ? replacements_.c_str() + at : nullptr;
    }
  }
  return nullptr;
}

void CharsMap::append(std::string_view part, std::string& out) const {
  const char* replacement = find(part);
  if (replacement == nullptr) {
    out += part;
  } else {
    out += replacement;
  }
}

std::string CharsMap::operator()(std::string_view text) const {
  constexpr size_t kWholeCluster = 6;
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    std::string_view cluster = text.substr(0, first_grapheme(text));
    text.remove_prefix(cluster.size());
    if (cluster.size() < kWholeCluster && find(cluster) != nullptr) {
      result += find(cluster);
      continue;
    }
    while (!cluster.empty()) {
      const size_t length = std::clamp<size_t>(
          utf8_length(static_cast<unsigned char>(cluster[0])),
          1,
          cluster.size());
      append(cluster.substr(0, length), result);
      cluster.remove_prefix(length);
    }
  }
  return result;
}

std::string encode_base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      const char byte = at + i < bytes.size() ? bytes[at + i] : '\0';
      bits = bits << 8 | static_cast<unsigned char>(byte);
    }
    for (size_t i = 0; i < 4; ++i) {
      text += at + i <= bytes.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

std::string decode_base64(std::string_view text, std::string_view where) {
  std::string bytes;
  uint32_t bits = 0;
  size_t digits = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) fail(ErrorKind::format, "{}: is not Base64", where);
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (++digits % 4 == 0) {
      for (const int shift : {16, 8, 0}) {
        bytes += static_cast<char>(bits >> shift & 0xff);
      }
      bits = 0;
    }
  }
  if (digits % 4 == 1) fail(ErrorKind::format, "{}: is not Base64", where);
  if (digits % 4 >= 2) {
    bits <<= 6 * (4 - digits % 4);
    bytes += static_cast<char>(bits >> 16 & 0xff);
    if (digits % 4 == 3) bytes += static_cast<char>(bits >> 8 & 0xff);
  }
  return bytes;
}

}  // namespace lineas
