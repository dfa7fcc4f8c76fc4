#include "lineas/jinja/printing.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/compare.h"

namespace lineas::jinja {
namespace {

std::string escape_code(char32_t code) {
  const auto number = static_cast<uint32_t>(code);
  if (number <= 0xff) return fmt::format("\\x{:02x}", number);
  if (number <= 0xffff) return fmt::format("\\u{:04x}", number);
  return fmt::format("\\U{:08x}", number);
}

std::string repr_text(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos;
  const bool has_double = text.find('"') != std::string::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  std::string out(1, quote);
  for (const char32_t code : decode(text)) {
    if (code == static_cast<char32_t>(quote) || code == '\\') out += '\\';
    if (code == '\n')
      out += "\\n";
    else if (code == '\r')
      out += "\\r";
    else if (code == '\t')
      out += "\\t";
    else if (is_printable(code))
      append_character(code, out);
    else
      out += escape_code(code);
  }
  return out + quote;
}

std::string repr_items(const Values& items) {
  std::string out;
  for (const Value& item : items) out += (out.empty() ? "" : ", ") + repr(item);
  return out;
}

std::string repr_dict(const Dict& dict) {
  std::string out = "{";
  for (const auto& [key, value] : dict.entries()) {
    if (out.size() > 1) out += ", ";
    out += repr(key) + ": " + repr(value);
  }
  return out + "}";
}

std::string json_text(const std::string& text, bool ascii) {
  std::string out = "\"";
  for (const char32_t code : decode(text)) {
    const auto number = static_cast<uint32_t>(code);
    static constexpr std::string_view kPlain = "\"\\\n\r\t\b\f";
    static constexpr std::string_view kLetter = "\"\\nrtbf";
    const size_t at =
        number < 0x80 ? kPlain.find(static_cast<char>(number)) : kPlain.npos;
    if (at != kPlain.npos)
      (out += '\\') += kLetter[at];
    else if (number < 0x20 || (ascii && number > 0x7f && number <= 0xffff))
      out += fmt::format("\\u{:04x}", number);
    else if (ascii && number > 0xffff)
      out += fmt::format("\\u{:04x}\\u{:04x}",
                         0xd800 + ((number - 0x10000) >> 10),
                         0xdc00 + ((number - 0x10000) & 0x3ff));
    else
      append_character(code, out);
  }
  return out + "\"";
}

std::string json_number(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return print_real(number);
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  std::string write(const Value& value, int level) const {
    if (value.is_none()) return "null";
    if (value.is_boolean()) return value.boolean() ? "true" : "false";
    if (value.is_integer()) return fmt::format("{}", value.integer());
    if (value.is_real()) return json_number(value.real());
    if (value.is_text()) return json_text(value.text(), style_.ascii);
    if (value.is_sequence()) return write_list(value.items(), level);
    if (value.is_dict()) return write_dict(value.dict(), level);
    fail(ErrorKind::format,
         "a value of the type {} has no form in JSON{}",
         type_name(value),
         value.is_undefined() ? ": " + value.why() : "");
  }

 private:
  std::string line(int level) const {
    if (!style_.indent) return "";
    std::string out = "\n";
    for (int i = 0; i < level; ++i) out += *style_.indent;
    return out;
  }

  std::string write_list(const Values& items, int level) const {
    if (items.empty()) return "[]";
    std::string out = "[";
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style_.comma;
      out += line(level + 1) + write(items[i], level + 1);
    }
    return out + line(level) + "]";
  }

  std::string write_dict(const Dict& dict, int level) const {
    if (dict.entries().empty()) return "{}";
    std::vector<Dict::Entry> entries = dict.entries();
    if (style_.sorted)
      std::stable_sort(entries.begin(),
                       entries.end(),
                       [](const auto& left, const auto& right) {
                         return is_less(left.first, right.first);
                       });
    std::string out = "{";
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out += style_.comma;
      out += line(level + 1) + key(entries[i].first) + style_.colon +
             write(entries[i].second, level + 1);
    }
    return out + line(level) + "}";
  }

  std::string key(const Value& value) const {
    if (value.is_text()) return write(value, 0);
    if (value.is_none() || value.is_number())
      return "\"" + write(value, 0) + "\"";
    fail(ErrorKind::format, "a {} cannot be a key in JSON", type_name(value));
  }

  const JsonStyle& style_;
};

}  // namespace

std::string print_real(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string repr(const Value& value) {
  if (value.is_text()) {
    const std::string text = repr_text(value.text());
    return value.is_markup() ? "Markup(" + text + ")" : text;
  }
  if (value.is_none()) return "None";
  if (value.is_undefined()) return "Undefined";
  if (value.is_boolean()) return value.boolean() ? "True" : "False";
  if (value.is_integer()) return fmt::format("{}", value.integer());
  if (value.is_real()) return print_real(value.real());
  if (value.is_list()) return "[" + repr_items(value.items()) + "]";
  if (value.is_tuple())
    return "(" + repr_items(value.items()) +
           (value.items().size() == 1 ? ",)" : ")");
  if (value.is_dict()) return repr_dict(value.dict());
  return value.object().print();
}

std::string str(const Value& value) {
  if (value.is_text()) return value.text();
  if (value.is_undefined()) return "";
  return repr(value);
}

std::string to_json(const Value& value, const JsonStyle& style) {
  return JsonWriter(style).write(value, 0);
}
}  // namespace lineas::jinja
