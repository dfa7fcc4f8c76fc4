#include "lineas/text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"

namespace lineas {
namespace {

utf8proc_category_t category(char32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

}  // namespace

void append_utf8(char32_t code, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const auto length =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

bool is_white_space(char32_t code) {
  if (code >= 0x09 && code <= 0x0d) return true;
  if (code == 0x85) return true;
  const auto kind = category(code);
  return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
         kind == UTF8PROC_CATEGORY_ZP;
}

bool is_numeric(char32_t code) {
  const auto kind = category(code);
  return kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL ||
         kind == UTF8PROC_CATEGORY_NO;
}

bool is_word(char32_t code) {
  switch (category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return code == 0x200c || code == 0x200d;  // Join_Control
  }
}

bool is_punctuation(char32_t code) {
  if (code < 0x80) return std::ispunct(static_cast<int>(code)) != 0;
  const auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

bool is_mark(char32_t code) {
  const auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_MN && kind <= UTF8PROC_CATEGORY_ME;
}

std::string lower_case(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = next_utf8(text.substr(at));
    at += std::max<size_t>(step.length, 1);
    if (!step.code) continue;
    if (*step.code == 0x130) {  // the one whose lower case is two characters
      result += "i\xcc\x87";
    } else {
      const auto lower = utf8proc_tolower(static_cast<int32_t>(*step.code));
      append_utf8(static_cast<char32_t>(lower), result);
    }
  }
  return result;
}

size_t first_grapheme(std::string_view text) {
  const Utf8Step first = next_utf8(text);
  size_t at = std::max<size_t>(first.length, 1);
  auto before = static_cast<int32_t>(first.code.value_or(0xfffd));
  utf8proc_int32_t state = 0;
  while (at < text.size()) {
    const Utf8Step step = next_utf8(text.substr(at));
    const auto code = static_cast<int32_t>(step.code.value_or(0xfffd));
    if (utf8proc_grapheme_break_stateful(before, code, &state)) break;
    before = code;
    at += std::max<size_t>(step.length, 1);
  }
  return at;
}

std::string normalize(std::string_view text, NormalForm form) {
  const bool ascii = std::all_of(text.begin(), text.end(), [](char byte) {
    return static_cast<unsigned char>(byte) < 0x80;
  });
  if (ascii) return std::string(text);
  const bool compose = form == NormalForm::nfc || form == NormalForm::nfkc;
  int options = UTF8PROC_STABLE;
  options |= compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::nfkc || form == NormalForm::nfkd) {
    options |= UTF8PROC_COMPAT;
  }
  utf8proc_uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped,
                   static_cast<utf8proc_option_t>(options));
  if (length < 0) {
    fail(ErrorKind::format,
         "text cannot be normalised: {}",
         utf8proc_errmsg(length));
  }
  std::string result(reinterpret_cast<const char*>(mapped),
                     static_cast<size_t>(length));
  std::free(mapped);
  return result;
}

}  // namespace lineas
