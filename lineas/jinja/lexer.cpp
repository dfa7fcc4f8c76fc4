#include "lineas/jinja/lexer.h"

#include <algorithm>
#include <array>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/base/utf8.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/literals.h"

namespace lineas::jinja {
namespace {

using Kind = Token::Kind;

/// All line ends as \n, and the last one dropped.
std::string normalize_lines(std::string_view source) {
  std::string text = one_line_end(source);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

size_t skip_space(std::string_view text, size_t at) {
  return text.size() - strip_front(text.substr(at), is_space).size();
}

class Lexer {
 public:
  Lexer(std::string text, const std::string& where)
      : text_(std::move(text)), where_(where) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      const size_t tag = find_tag();
      if (tag == std::string::npos) {
        add_data(text_.substr(at_), text_.size());
        break;
      }
      open_tag(tag);
    }
    tokens_.push_back({Kind::end, line_, "", {}});
    return std::move(tokens_);
  }

 private:
  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
    fail(ErrorKind::format,
         "{}:{}: {}",
         where_,
         line_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  size_t find_tag() const {
    for (size_t at = text_.find('{', at_); at != std::string::npos;
         at = text_.find('{', at + 1)) {
      const char next = at + 1 < text_.size() ? text_[at + 1] : ' ';
      if (next == '{' || next == '%' || next == '#') return at;
    }
    return std::string::npos;
  }

  bool is_at(std::string_view what) const {
    return std::string_view(text_).substr(at_).starts_with(what);
  }

  /// Moves to `next`, counting lines.
  void go_to(size_t next) {
    line_ += static_cast<int>(
        std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                   text_.begin() + static_cast<std::ptrdiff_t>(next),
                   '\n'));
    at_ = next;
  }

  void add_data(std::string data, size_t next) {
    if (!data.empty())
      tokens_.push_back({Kind::data, line_, std::move(data), {}});
    go_to(next);
  }

  /// The text before a tag, shortened as the sign behind the tag's opening and
  /// lstrip_blocks ask for.
  std::string before_tag(std::string_view data, char sign, bool is_print) {
    if (sign == '-') return std::string(strip_back(data, is_space));
    if (sign == '+' || is_print) return std::string(data);
    const size_t break_at = data.rfind('\n');
    const size_t begin = break_at == data.npos ? 0 : break_at + 1;
    const bool is_line_begin = begin > 0 || line_starting_;
    const bool is_blank = strip_front(data.substr(begin), is_space).empty();
    return std::string(is_line_begin && is_blank ? data.substr(0, begin)
                                                 : data);
  }

  char sign_at(size_t at) const {
    const char sign = at < text_.size() ? text_[at] : ' ';
    return sign == '-' || sign == '+' ? sign : ' ';
  }

  /// From `at_` (data) to the tag that begins at `tag`.
  void open_tag(size_t tag) {
    const char kind = text_[tag + 1];
    const char sign = sign_at(tag + 2);
    const size_t inside = tag + 2 + (sign == ' ' ? 0 : 1);
    const std::string_view data =
        std::string_view(text_).substr(at_, tag - at_);
    add_data(before_tag(data, sign, kind == '{'), tag);
    const size_t raw = kind == '%' ? end_of_raw_opening(inside) : 0;
    if (raw != 0) {
      read_raw(raw);
    } else if (kind == '#') {
      read_comment(inside);
    } else {
      read_tag(inside, kind == '%');
    }
    line_starting_ = at_ > 0 && text_[at_ - 1] == '\n';
  }

  /// Behind `raw %}` or `raw -%}` and the space it eats; 0 for other tags.
  size_t end_of_raw_opening(size_t at) const {
    at = word_end(at, "raw");
    if (at == 0) return 0;
    const std::string_view rest = std::string_view(text_).substr(at);
    if (rest.starts_with("%}")) return at + 2;
    return rest.starts_with("-%}") ? skip_space(text_, at + 3) : 0;
  }

  /// Behind white space, `word` and white space; 0 where it is another word.
  size_t word_end(size_t at, std::string_view word) const {
    at = skip_space(text_, at);
    if (!std::string_view(text_).substr(at).starts_with(word)) return 0;
    return skip_space(text_, at + word.size());
  }

  /// Behind the end of a block or comment at `at`; 0 where there is none.
  size_t end_of_block(size_t at, std::string_view close) const {
    const std::string_view rest = std::string_view(text_).substr(at);
    if (rest.starts_with(close)) {
      const size_t end = at + 2;
      return end < text_.size() && text_[end] == '\n' ? end + 1 : end;
    }
    if (rest.substr(0, 1) == "+" && rest.substr(1).starts_with(close))
      return at + 3;
    if (rest.substr(0, 1) == "-" && rest.substr(1).starts_with(close))
      return skip_space(text_, at + 3);
    return 0;
  }

  void read_comment(size_t at) {
    if (at == text_.size()) return go_to(at);  // Jinja lets this one pass
    for (; at < text_.size(); ++at) {
      const size_t end = end_of_block(at, "#}");
      if (end == 0) continue;
      go_to(end);
      return;
    }
    refuse("a comment begins here that has no end, #}} is missing");
  }

  void read_raw(size_t begin) {
    const int opened = line_;
    go_to(begin);
    line_starting_ = at_ > 0 && text_[at_ - 1] == '\n';
    for (size_t tag = text_.find("{%", at_); tag != std::string::npos;
         tag = text_.find("{%", tag + 1)) {
      const char sign = sign_at(tag + 2);
      const size_t inside = word_end(tag + (sign == ' ' ? 2 : 3), "endraw");
      const size_t end = inside == 0 ? 0 : end_of_block(inside, "%}");
      if (end == 0) continue;
      const std::string_view data =
          std::string_view(text_).substr(at_, tag - at_);
      add_data(before_tag(data, sign, false), end);
      return;
    }
    line_ = opened;
    refuse("a raw block begins here that has no endraw");
  }

  void read_tag(size_t at, bool is_block) {
    tokens_.push_back(
        {is_block ? Kind::block_begin : Kind::print_begin, line_, "", {}});
    at_ = at;
    brackets_.clear();
    while (true) {
      go_to(skip_space(text_, at_));
      if (brackets_.empty() && close_tag(is_block)) return;
      if (at_ >= text_.size())
        refuse("the template ends inside a tag, {} is missing",
               is_block ? "%}" : "}}");
      read_token();
    }
  }

  bool close_tag(bool is_block) {
    size_t end = 0;
    if (is_block)
      end = end_of_block(at_, "%}");
    else if (is_at("}}"))
      end = at_ + 2;
    else if (is_at("-}}"))
      end = skip_space(text_, at_ + 3);
    if (end == 0) return false;
    tokens_.push_back(
        {is_block ? Kind::block_end : Kind::print_end, line_, "", {}});
    go_to(end);
    return true;
  }

  void read_token() {
    const std::string_view rest = std::string_view(text_).substr(at_);
    const bool after_dot = at_ > 0 && text_[at_ - 1] == '.';
    if (const Number number = read_number(rest, after_dot, where_line());
        number.length > 0) {
      tokens_.push_back({number.value.is_real() ? Kind::real : Kind::integer,
                         line_,
                         std::string(rest.substr(0, number.length)),
                         number.value});
      go_to(at_ + number.length);
    } else if (const size_t name = name_length(rest); name > 0) {
      tokens_.push_back(
          {Kind::name, line_, std::string(rest.substr(0, name)), {}});
      go_to(at_ + name);
    } else if (rest[0] == '\'' || rest[0] == '"') {
      read_text(rest);
    } else {
      read_sign(rest);
    }
  }

  std::string where_line() const { return fmt::format("{}:{}", where_, line_); }

  static size_t name_length(std::string_view rest) {
    const size_t length = rest.size() - strip_front(rest, is_name_part).size();
    // A digit cannot begin a name; numbers were looked for before.
    const Utf8Step first = next_utf8(rest);
    return first.code && is_decimal(*first.code) ? 0 : length;
  }

  void read_text(std::string_view rest) {
    size_t end = 1;
    while (end < rest.size() && rest[end] != rest[0])
      end += rest[end] == '\\' ? 2 : 1;
    if (end >= rest.size()) refuse("a string begins here that has no end");
    tokens_.push_back({Kind::text,
                       line_,
                       unescape(rest.substr(1, end - 1), where_line()),
                       {}});
    go_to(at_ + end + 1);
  }

  void read_sign(std::string_view rest) {
    static constexpr std::array<std::string_view, 6> kPairs = {
        "//", "**", "==", "!=", ">=", "<="};
    static constexpr std::string_view kSingle = "+-/*%~[](){}><=.:|,;";
    std::string_view sign = rest.substr(0, 2);
    if (std::find(kPairs.begin(), kPairs.end(), sign) == kPairs.end())
      sign = rest.substr(0, 1);
    if (sign.size() == 1 && kSingle.find(sign) == kSingle.npos)
      refuse("\"{}\" means nothing inside a tag", printable(rest, 1));
    balance(sign[0]);
    tokens_.push_back({Kind::sign, line_, std::string(sign), {}});
    at_ += sign.size();
  }

  void balance(char sign) {
    if (sign == '(') brackets_ += ')';
    if (sign == '[') brackets_ += ']';
    if (sign == '{') brackets_ += '}';
    if (sign != ')' && sign != ']' && sign != '}') return;
    if (brackets_.empty()) refuse("a \"{}\" without an opening", sign);
    if (brackets_.back() != sign)
      refuse("a \"{}\" where a \"{}\" is due", sign, brackets_.back());
    brackets_.pop_back();
  }

  const std::string text_;
  const std::string& where_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::string brackets_;  // the closing ones that are due
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, const std::string& where) {
  if (const auto bad = find_invalid_utf8(source))
    fail(ErrorKind::format,
         "{}: byte {} of the template is not UTF-8",
         where,
         *bad);
  return Lexer(normalize_lines(source), where).run();
}

std::string describe(const Token& token) {
  switch (token.kind) {
    case Kind::data:
      return "text";
    case Kind::print_begin:
      return "{{";
    case Kind::print_end:
      return "}}";
    case Kind::block_begin:
      return "{%";
    case Kind::block_end:
      return "%}";
    case Kind::text:
      return "a string";
    case Kind::end:
      return "the end of the template";
    default:
      return "\"" + printable(token.spelling, 40) + "\"";
  }
}

}  // namespace lineas::jinja
