// Python's printf-like formatting: FORMAT % VALUES.
#include <cmath>
#include <cstdio>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/operators.h"
#include "lineas/jinja/printing.h"

namespace lineas::jinja {
namespace {

constexpr int64_t kWidest = 10'000;

struct Piece {
  std::string flags;
  int64_t width = 0;
  std::optional<int64_t> precision;
  char letter = 's';

  bool has(char flag) const { return flags.find(flag) != std::string::npos; }
};

class PercentFormat {
 public:
  PercentFormat(Machine& machine, const std::string& format, const Value& from)
      : machine_(machine), format_(format), from_(from) {}

  Value run() {
    while (at_ < format_.size()) {
      const char c = format_[at_++];
      if (c != '%')
        out_ += c;
      else if (peek() == '%')
        out_ += format_[at_++];
      else
        piece();
    }
    const bool all_used = !from_.is_tuple()
                              ? used_ > 0 || from_.is_dict() || from_.is_list()
                              : used_ == from_.items().size();
    if (!all_used) fail(ErrorKind::format, "% with more values than places");
    return machine_.text(std::move(out_));
  }

 private:
  char peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  const Value& next_value() {
    if (!from_.is_tuple() && used_++ == 0) return from_;
    if (from_.is_tuple() && used_ < from_.items().size())
      return from_.items()[used_++];
    fail(ErrorKind::format, "% with fewer values than places");
  }

  const Value& keyed_value() {
    const size_t end = format_.find(')', ++at_);
    if (end == std::string::npos || !from_.is_dict())
      fail(ErrorKind::format, "%(NAME) needs a \")\" and a dict");
    const std::string key = format_.substr(at_, end - at_);
    at_ = end + 1;
    const Value* value = from_.dict().find(key);
    if (value == nullptr)
      fail(ErrorKind::format, "% finds no \"{}\" in its dict", key);
    return *value;
  }

  int64_t number() {
    if (peek() == '*') {
      ++at_;
      return to_whole(next_value(), "* in a format");
    }
    int64_t value = 0;
    while (peek() >= '0' && peek() <= '9' && value <= kWidest)
      value = value * 10 + (format_[at_++] - '0');
    return value;
  }

  void piece() {
    Piece piece;
    const Value* keyed = peek() == '(' ? &keyed_value() : nullptr;
    while (std::string_view("-+ #0").find(peek()) != std::string_view::npos &&
           peek() != '\0')
      piece.flags += format_[at_++];
    piece.width = number();
    if (piece.width < 0) piece.flags += '-';
    piece.width = std::abs(piece.width);
    if (peek() == '.') {
      ++at_;
      piece.precision = std::max<int64_t>(number(), 0);
    }
    if (piece.width > kWidest || piece.precision.value_or(0) > kWidest)
      fail(ErrorKind::resource, "% with a width over {}", kWidest);
    while (std::string_view("hlL").find(peek()) != std::string_view::npos &&
           peek() != '\0')
      ++at_;
    piece.letter = peek();
    if (at_++ >= format_.size())
      fail(ErrorKind::format, "% at the end of a format");
    const Value& value = keyed != nullptr ? *keyed : next_value();
    const std::string text = convert(piece, value);
    machine_.meter.grow(text.size() + static_cast<size_t>(piece.width));
    out_ += pad(piece, text);
  }

  std::string convert(const Piece& piece, const Value& value) {
    switch (piece.letter) {
      case 's':
      case 'r':
        machine_.meter.grow(value.weight());
        return cut(piece, piece.letter == 's' ? str(value) : repr(value));
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return whole(piece, value);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return real(piece, value);
      case 'c':
        return character(value);
      default:
        fail(ErrorKind::unsupported, "%{} in a format", piece.letter);
    }
  }

  static std::string cut(const Piece& piece, const std::string& text) {
    if (!piece.precision) return text;
    const std::u32string codes = decode(text);
    return encode(codes.substr(0, static_cast<size_t>(*piece.precision)));
  }

  static std::string whole(const Piece& piece, const Value& value) {
    if (value.is_undefined()) fail_undefined(value);
    const bool is_decimal =
        std::string_view("diu").find(piece.letter) != std::string_view::npos;
    int64_t number = 0;
    if (value.is_real() && is_decimal && std::abs(value.real()) < 9e18)
      number = static_cast<int64_t>(value.real());
    else
      number = to_whole(value, "% in a format");
    std::string spec = "%";
    for (const char flag : {'+', ' '})
      if (piece.has(flag) && is_decimal) spec += flag;
    if (!is_decimal && number < 0)
      fail(ErrorKind::unsupported, "%{} of a negative number", piece.letter);
    if (piece.has('#')) fail(ErrorKind::unsupported, "the flag # in a format");
    if (piece.precision) spec += fmt::format(".{}", *piece.precision);
    return print(spec + "l" + (is_decimal ? 'd' : piece.letter), number);
  }

  static std::string real(const Piece& piece, const Value& value) {
    if (value.is_undefined()) fail_undefined(value);
    if (!value.is_number())
      fail(ErrorKind::format,
           "%{} needs a number, not a {}",
           piece.letter,
           type_name(value));
    if (piece.has('#')) fail(ErrorKind::unsupported, "the flag # in a format");
    std::string spec = "%";
    for (const char flag : {'+', ' '})
      if (piece.has(flag)) spec += flag;
    spec += fmt::format(".{}", piece.precision.value_or(6));
    return print(spec + piece.letter, value.real());
  }

  static std::string character(const Value& value) {
    if (value.is_text() && count_characters(value.text()) == 1)
      return value.text();
    const int64_t code = to_whole(value, "%c");
    if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      fail(ErrorKind::format, "%c of {}, which is no character", code);
    std::string text;
    append_character(static_cast<char32_t>(code), text);
    return text;
  }

  template <typename Number>
  static std::string print(const std::string& spec, Number number) {
    const int size = std::snprintf(nullptr, 0, spec.c_str(), number);
    std::string text(static_cast<size_t>(size) + 1, '\0');
    std::snprintf(text.data(), text.size(), spec.c_str(), number);
    text.pop_back();
    return text;
  }

  static std::string pad(const Piece& piece, const std::string& text) {
    const int64_t missing = piece.width - count_characters(text);
    if (missing <= 0) return text;
    const auto count = static_cast<size_t>(missing);
    if (piece.has('-')) return text + std::string(count, ' ');
    const bool is_number =
        std::string_view("src").find(piece.letter) == std::string_view::npos;
    const bool is_finite = text.find_first_of("in") == std::string::npos;
    if (!piece.has('0') || !is_number || !is_finite)
      return std::string(count, ' ') + text;
    const size_t sign = text.find_first_of("+- ") == 0 ? 1 : 0;
    return text.substr(0, sign) + std::string(count, '0') + text.substr(sign);
  }

  Machine& machine_;
  const std::string& format_;
  const Value& from_;
  std::string out_;
  size_t at_ = 0;
  size_t used_ = 0;
};

}  // namespace

Value percent_format(Machine& machine,
                     const std::string& format,
                     const Value& values) {
  return PercentFormat(machine, format, values).run();
}

}  // namespace lineas::jinja
