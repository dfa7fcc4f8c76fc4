#include "lineas/jinja/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <unordered_map>

#include "lineas/base/utf8.h"

namespace lineas::jinja {
namespace {

utf8proc_category_t category(char32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

const std::unordered_map<char32_t, std::string>& special_upper() {
  static const std::unordered_map<char32_t, std::string> table = {
#define SPECIAL_UPPER(code, text) {code, text},
#include "lineas/jinja/special_upper.def"
#undef SPECIAL_UPPER
  };
  return table;
}

char32_t simple_lower(char32_t code) {
  return static_cast<char32_t>(
      utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
}

void append_upper(char32_t code, std::string& out) {
  const auto special = special_upper().find(code);
  if (special != special_upper().end()) {
    out += special->second;
    return;
  }
  append_character(static_cast<char32_t>(
                       utf8proc_toupper(static_cast<utf8proc_int32_t>(code))),
                   out);
}

bool has_case(char32_t code) {
  return is_upper(code) || is_lower(code) ||
         category(code) == UTF8PROC_CATEGORY_LT;
}

/// A sigma at the end of a word has a form of its own.
bool is_final_sigma(std::u32string_view codes, size_t at) {
  const bool before = at > 0 && has_case(codes[at - 1]);
  const bool after = at + 1 < codes.size() && has_case(codes[at + 1]);
  return before && !after;
}

void append_lower(std::u32string_view codes, size_t at, std::string& out) {
  if (codes[at] == 0x130) {
    out += "i\xcc\x87";
    return;
  }
  if (codes[at] == 0x3a3 && is_final_sigma(codes, at)) {
    append_character(0x3c2, out);
    return;
  }
  append_character(simple_lower(codes[at]), out);
}

/// As append_upper, but only the first of several letters is a capital.
void append_title(char32_t code, std::string& out) {
  const auto special = special_upper().find(code);
  if (special == special_upper().end()) {
    append_character(static_cast<char32_t>(
                         utf8proc_totitle(static_cast<utf8proc_int32_t>(code))),
                     out);
    return;
  }
  const std::u32string codes = decode(special->second);
  append_character(codes[0], out);
  for (size_t i = 1; i < codes.size(); ++i)
    append_character(simple_lower(codes[i]), out);
}

}  // namespace

std::u32string decode(std::string_view text) {
  std::u32string codes;
  codes.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = next_utf8(text);
    codes.push_back(step.code.value_or(0xfffd));
    text.remove_prefix(std::clamp<size_t>(step.length, 1, text.size()));
  }
  return codes;
}

void append_character(char32_t code, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const auto length =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

std::string encode(std::u32string_view codes) {
  std::string text;
  text.reserve(codes.size());
  for (const char32_t code : codes) append_character(code, text);
  return text;
}

int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
  });
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) {
    return static_cast<unsigned char>(byte) < 0x80;
  });
}

bool is_space(char32_t code) {
  if (code >= 0x09 && code <= 0x0d) return true;
  if (code >= 0x1c && code <= 0x1f) return true;
  if (code == 0x85) return true;
  const auto kind = category(code);
  return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
         kind == UTF8PROC_CATEGORY_ZP;
}

bool is_letter(char32_t code) {
  const auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t code) {
  return category(code) == UTF8PROC_CATEGORY_ND;
}

bool is_other_number(char32_t code) {
  return category(code) == UTF8PROC_CATEGORY_NO;
}

bool is_name_part(char32_t code) {
  const auto kind = category(code);
  return code == '_' || is_letter(code) || is_decimal(code) ||
         kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_MN ||
         kind == UTF8PROC_CATEGORY_MC || kind == UTF8PROC_CATEGORY_PC;
}

bool is_upper(char32_t code) {
  return utf8proc_isupper(static_cast<utf8proc_int32_t>(code)) != 0;
}
bool is_lower(char32_t code) {
  return utf8proc_islower(static_cast<utf8proc_int32_t>(code)) != 0;
}

bool is_printable(char32_t code) {
  if (code == ' ') return true;
  switch (category(code)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

bool is_line_end(char32_t code) {
  return (code >= 0x0a && code <= 0x0d) || (code >= 0x1c && code <= 0x1e) ||
         code == 0x85 || code == 0x2028 || code == 0x2029;
}

std::string to_upper(std::string_view text) {
  std::string out;
  for (const char32_t code : decode(text)) append_upper(code, out);
  return out;
}

std::string to_lower(std::string_view text) {
  const std::u32string codes = decode(text);
  std::string out;
  for (size_t i = 0; i < codes.size(); ++i) append_lower(codes, i, out);
  return out;
}

std::string capitalize(std::string_view text) {
  const std::u32string codes = decode(text);
  std::string out;
  for (size_t i = 0; i < codes.size(); ++i)
    i == 0 ? append_title(codes[i], out) : append_lower(codes, i, out);
  return out;
}

std::string to_title(std::string_view text) {
  const std::u32string codes = decode(text);
  std::string out;
  bool inside = false;
  for (size_t i = 0; i < codes.size(); ++i) {
    inside ? append_lower(codes, i, out) : append_title(codes[i], out);
    inside = has_case(codes[i]);
  }
  return out;
}

std::string swap_case(std::string_view text) {
  const std::u32string codes = decode(text);
  std::string out;
  for (size_t i = 0; i < codes.size(); ++i) {
    if (is_upper(codes[i]))
      append_lower(codes, i, out);
    else if (is_lower(codes[i]))
      append_upper(codes[i], out);
    else
      append_character(codes[i], out);
  }
  return out;
}

std::string_view strip_front(std::string_view text,
                             const std::function<bool(char32_t)>& is_dropped) {
  while (!text.empty()) {
    const Utf8Step step = next_utf8(text);
    if (!step.code || !is_dropped(*step.code)) break;
    text.remove_prefix(step.length);
  }
  return text;
}

std::string_view strip_back(std::string_view text,
                            const std::function<bool(char32_t)>& is_dropped) {
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 &&
           (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80)
      --begin;
    const Utf8Step step = next_utf8(text.substr(begin));
    if (!step.code || !is_dropped(*step.code)) break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}

std::vector<std::string> split_lines(std::string_view text, bool keep) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = next_utf8(text.substr(at));
    size_t next = at + std::max<size_t>(step.length, 1);
    if (!step.code || !is_line_end(*step.code)) {
      at = next;
      continue;
    }
    if (text.substr(at, 2) == "\r\n") ++next;
    lines.emplace_back(text.substr(begin, (keep ? next : at) - begin));
    begin = at = next;
  }
  if (begin < text.size()) lines.emplace_back(text.substr(begin));
  return lines;
}

}  // namespace lineas::jinja
