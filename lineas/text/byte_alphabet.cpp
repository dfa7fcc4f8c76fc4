#include "lineas/text/byte_alphabet.h"

#include <array>

#include "lineas/base/utf8.h"
#include "lineas/text/unicode.h"

namespace lineas {
namespace {

bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) ||
         (byte >= 0xae && byte <= 0xff);
}

struct Tables {
  std::array<char32_t, 256> spelled{};
  std::array<int, 0x144> byte{};  // of the characters, -1 where none

  Tables() {
    byte.fill(-1);
    char32_t next = 0x100;
    for (int value = 0; value < 256; ++value) {
      const auto index = static_cast<size_t>(value);
      spelled[index] =
          stands_for_itself(value) ? static_cast<char32_t>(value) : next++;
      byte[spelled[index]] = value;
    }
  }
};

const Tables& tables() {
  static const Tables instance;
  return instance;
}

}  // namespace

std::optional<std::string> bytes_of_spelling(std::string_view spelling) {
  std::string bytes;
  for (size_t at = 0; at < spelling.size();) {
    const Utf8Step step = next_utf8(spelling.substr(at));
    if (!step.code || *step.code >= tables().byte.size()) return {};
    const int byte = tables().byte[*step.code];
    if (byte < 0) return {};
    bytes += static_cast<char>(byte);
    at += step.length;
  }
  return bytes;
}

std::string spelling_of_bytes(std::string_view bytes) {
  std::string spelling;
  for (const char byte : bytes) {
    append_utf8(tables().spelled[static_cast<unsigned char>(byte)], spelling);
  }
  return spelling;
}

std::string byte_alphabet() {
  std::string printable;
  std::string rest;
  for (int value = 0; value < 256; ++value) {
    (stands_for_itself(value) ? printable : rest) += static_cast<char>(value);
  }
  return printable + rest;
}

}  // namespace lineas
