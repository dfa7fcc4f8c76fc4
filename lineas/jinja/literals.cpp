#include "lineas/jinja/literals.h"

#include <algorithm>
#include <cctype>

#include "lineas/base/error.h"
#include "lineas/base/numbers.h"
#include "lineas/jinja/characters.h"

namespace lineas::jinja {
namespace {

bool is_digit(char c, int base) {
  if (base <= 10) return c >= '0' && c < '0' + base;
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

/// Digits with single underscores between them, from `at` on.
size_t digits_end(std::string_view text, size_t at, int base) {
  size_t end = at;
  while (end < text.size()) {
    const bool is_gap = text[end] == '_' && end > at && end + 1 < text.size() &&
                        is_digit(text[end + 1], base);
    if (!is_digit(text[end], base) && !is_gap) break;
    ++end;
  }
  return end;
}

std::string without_gaps(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

/// The end of a fraction and an exponent behind the digits; `end` without.
size_t real_end(std::string_view text, size_t end) {
  size_t after = end;
  if (after < text.size() && text[after] == '.' &&
      digits_end(text, after + 1, 10) > after + 1)
    after = digits_end(text, after + 1, 10);
  if (after < text.size() && (text[after] == 'e' || text[after] == 'E')) {
    size_t digits = after + 1;
    if (digits < text.size() && (text[digits] == '+' || text[digits] == '-'))
      ++digits;
    if (digits_end(text, digits, 10) > digits)
      after = digits_end(text, digits, 10);
  }
  return after;
}

int base_of(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return 10;
  switch (std::tolower(static_cast<unsigned char>(text[1]))) {
    case 'b':
      return 2;
    case 'o':
      return 8;
    case 'x':
      return 16;
    default:
      return 10;
  }
}

Value integer_of(std::string_view digits, int base, const std::string& where) {
  int64_t number = 0;
  for (const char c : without_gaps(digits)) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (__builtin_mul_overflow(number, base, &number) ||
        __builtin_add_overflow(number, digit, &number))
      fail(
          ErrorKind::unsupported, "{}: an integer of more than 64 bits", where);
  }
  return Value::of(number);
}

/// Reads the escape behind a backslash; `at` goes behind it.
class Escape {
 public:
  Escape(std::string_view text, const std::string& where)
      : text_(text), where_(where) {}

  void read(size_t& at, std::string& out) const {
    static constexpr std::string_view kLetters = "\\'\"abfnrtv";
    static constexpr std::string_view kMeaning = "\\'\"\a\b\f\n\r\t\v";
    const char letter = text_[at];
    const size_t known = kLetters.find(letter);
    if (known != kLetters.npos) {
      out += kMeaning[known];
      ++at;
    } else if (letter == '\n') {
      ++at;
    } else if (is_digit(letter, 8)) {
      size_t end = at;
      while (end < text_.size() && end < at + 3 && is_digit(text_[end], 8))
        ++end;
      add(text_.substr(at, end - at), 8, out);
      at = end;
    } else if (letter == 'x' || letter == 'u' || letter == 'U') {
      read_hex(at, letter == 'x' ? 2 : letter == 'u' ? 4 : 8, out);
    } else if (letter == 'N') {
      fail(ErrorKind::unsupported,
           "{}: a character by its name (\\N) in a string",
           where_);
    } else {
      out += '\\';  // and the letter stays, as the next one
    }
  }

 private:
  void read_hex(size_t& at, size_t digits, std::string& out) const {
    const std::string_view code = text_.substr(at + 1, digits);
    const bool is_whole = code.size() == digits &&
                          std::all_of(code.begin(), code.end(), [](char c) {
                            return is_digit(c, 16);
                          });
    if (!is_whole)
      fail(ErrorKind::format,
           "{}: \\{} in a string needs {} hexadecimal digits",
           where_,
           text_[at],
           digits);
    add(code, 16, out);
    at += 1 + digits;
  }

  void add(std::string_view digits, int base, std::string& out) const {
    const int64_t code = integer_of(digits, base, where_).integer();
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      fail(ErrorKind::unsupported,
           "{}: the code {:#x} in a string is no character",
           where_,
           code);
    append_character(static_cast<char32_t>(code), out);
  }

  std::string_view text_;
  const std::string& where_;
};

/// Python reads what is not ASCII as an escape of it, so that a backslash in
/// front of it meets another backslash.
std::string with_ascii_escapes(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string out;
  for (const char32_t code : decode(text)) {
    const auto number = static_cast<uint32_t>(code);
    if (number < 0x80)
      out += static_cast<char>(number);
    else if (number <= 0xff)
      out += fmt::format("\\x{:02x}", number);
    else if (number <= 0xffff)
      out += fmt::format("\\u{:04x}", number);
    else
      out += fmt::format("\\U{:08x}", number);
  }
  return out;
}

}  // namespace

std::string one_line_end(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i] == '\r' ? '\n' : text[i];
  }
  return out;
}

Number read_number(std::string_view text,
                   bool after_dot,
                   const std::string& where) {
  if (text.empty() || !is_digit(text[0], 10)) return {};
  const size_t end = digits_end(text, 0, 10);
  const size_t real = after_dot ? end : real_end(text, end);
  if (real > end) {
    const auto number =
        parse_number<double>(without_gaps(text.substr(0, real)));
    if (!number)
      fail(ErrorKind::unsupported, "{}: a number out of range", where);
    return {Value::of(*number), real};
  }
  const int base = base_of(text);
  if (base != 10) {
    const size_t begin = text.size() > 2 && text[2] == '_' ? 3 : 2;
    const size_t last = digits_end(text, begin, base);
    if (last > begin)
      return {integer_of(text.substr(begin, last - begin), base, where), last};
  }
  // 0123 is two numbers to Jinja, which no grammar takes.
  const bool is_zero = text[0] == '0';
  size_t last = end;
  if (is_zero) {
    last = 1;
    while (last < end && (text[last] == '0' || text[last] == '_')) ++last;
  }
  return {integer_of(text.substr(0, last), 10, where), last};
}

std::string unescape(std::string_view inside, const std::string& where) {
  const std::string text = with_ascii_escapes(one_line_end(inside));
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      out += text[at++];
      continue;
    }
    ++at;
    Escape(text, where).read(at, out);
  }
  return out;
}

}  // namespace lineas::jinja
