#include "lineas/jinja/text_search.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/utf8.h"
#include "lineas/jinja/attributes.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/printing.h"

namespace lineas::jinja {
namespace {

std::vector<std::string> split_by_space(std::string_view text, int64_t most) {
  std::vector<std::string> parts;
  const auto is_ink = [](char32_t code) { return !is_space(code); };
  text = strip_front(text, is_space);
  while (!text.empty()) {
    if (most >= 0 && static_cast<int64_t>(parts.size()) == most) {
      parts.emplace_back(text);
      break;
    }
    const std::string_view rest = strip_front(text, is_ink);
    parts.emplace_back(text.substr(0, text.size() - rest.size()));
    text = strip_front(rest, is_space);
  }
  return parts;
}

std::vector<std::string> split_by_space_from_back(std::string_view text,
                                                  int64_t most) {
  std::vector<std::string> parts;
  const auto is_ink = [](char32_t code) { return !is_space(code); };
  text = strip_back(text, is_space);
  while (!text.empty()) {
    if (most >= 0 && static_cast<int64_t>(parts.size()) == most) {
      parts.emplace_back(text);
      break;
    }
    const std::string_view rest = strip_back(text, is_ink);
    parts.emplace_back(text.substr(rest.size()));
    text = strip_back(rest, is_space);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_by(std::string_view text,
                                  std::string_view separator,
                                  int64_t most) {
  std::vector<std::string> parts;
  while (most < 0 || static_cast<int64_t>(parts.size()) < most) {
    const size_t at = text.find(separator);
    if (at == text.npos) break;
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

std::vector<std::string> split_by_from_back(std::string_view text,
                                            std::string_view separator,
                                            int64_t most) {
  std::vector<std::string> parts;
  while (most < 0 || static_cast<int64_t>(parts.size()) < most) {
    const size_t at = text.rfind(separator);
    if (at == text.npos) break;
    parts.emplace_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  parts.emplace_back(text);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

/// One field of str.format, between the braces.
class Field {
 public:
  Field(Machine& machine, const Arguments& arguments)
      : machine_(machine), arguments_(arguments) {}

  Value value(const std::string& field) {
    if (field.find_first_of("!:") != std::string::npos)
      fail(ErrorKind::unsupported,
           "format() with a conversion or a format behind \"!\" or \":\"");
    size_t at = std::min(field.find_first_of(".["), field.size());
    Value value = first(field.substr(0, at));
    while (at < field.size()) {
      const bool is_item = field[at] == '[';
      const size_t end = std::min(
          is_item ? field.find(']', at) : field.find_first_of(".[", at + 1),
          field.size());
      const std::string name = field.substr(at + 1, end - at - 1);
      if (is_item && end == field.size())
        fail(ErrorKind::format, "format() with a [ that has no ]");
      value = is_item ? get_item(machine_, value, key(name))
                      : get_attribute(machine_, value, name);
      at = is_item ? end + 1 : end;
    }
    return value;
  }

 private:
  static bool is_number(const std::string& text) {
    return !text.empty() && text.size() < 10 &&
           std::all_of(text.begin(), text.end(), [](char c) {
             return c >= '0' && c <= '9';
           });
  }
  static Value key(const std::string& name) {
    return is_number(name) ? Value::of(int64_t{std::stoll(name)})
                           : Value::of(name);
  }

  const Value& first(const std::string& name) {
    if (name.empty() || is_number(name)) {
      const size_t at = name.empty() ? automatic_++ : std::stoul(name);
      if (at >= arguments_.positional.size())
        fail(ErrorKind::format, "format() with fewer values than fields");
      return arguments_.positional[at];
    }
    for (const auto& [key, value] : arguments_.named)
      if (key == name) return value;
    fail(ErrorKind::format, "format() is given no \"{}\"", name);
  }

  Machine& machine_;
  const Arguments& arguments_;
  size_t automatic_ = 0;
};

}  // namespace

std::string strip_text(const std::string& text,
                       const Value& chars,
                       const Ends& ends) {
  std::function<bool(char32_t)> is_dropped = is_space;
  if (!chars.is_none()) {
    if (!chars.is_text())
      fail(ErrorKind::format, "strip() needs a string of characters");
    is_dropped = [set = decode(chars.text())](char32_t code) {
      return set.find(code) != set.npos;
    };
  }
  std::string_view rest = text;
  if (ends.front) rest = strip_front(rest, is_dropped);
  if (ends.back) rest = strip_back(rest, is_dropped);
  return std::string(rest);
}

int64_t count_text(const std::string& text, const std::string& part) {
  if (part.empty()) return count_characters(text) + 1;
  int64_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size()))
    ++count;
  return count;
}

std::string replace_text(
    Machine& machine,
    const std::string& text,
    const std::pair<const std::string&, const std::string&>& change,
    int64_t count) {
  const auto& [old, fresh] = change;
  std::string out;
  size_t at = 0;
  while (count != 0) {
    const size_t found = text.find(old, at);
    if (found == std::string::npos) break;
    machine.meter.grow(found - at + fresh.size());
    out.append(text, at, found - at).append(fresh);
    at = found + old.size();
    if (count > 0) --count;
    if (!old.empty()) continue;
    // Nothing stands between any two characters, and at the end.
    if (at >= text.size()) return out;
    const size_t length = std::max<size_t>(
        next_utf8(std::string_view(text).substr(at)).length, 1);
    out.append(text, at, length);
    at += length;
  }
  return out + text.substr(at);
}

std::vector<std::string> split_text(const std::string& text,
                                    const Value& separator,
                                    const SplitRule& rule) {
  if (separator.is_none())
    return rule.from_back ? split_by_space_from_back(text, rule.most)
                          : split_by_space(text, rule.most);
  if (separator.text().empty())
    fail(ErrorKind::format, "split() by an empty string");
  return rule.from_back ? split_by_from_back(text, separator.text(), rule.most)
                        : split_by(text, separator.text(), rule.most);
}

std::string pad_text(Machine& machine,
                     const std::string& text,
                     const Padding& padding) {
  const int64_t length = count_characters(text);
  if (padding.width <= length) return text;
  const auto missing = static_cast<size_t>(padding.width - length);
  machine.meter.grow(missing);
  machine.meter.grow(missing * (padding.fill.size() - 1));
  // Python's center() gives the odd one to the front where the width is odd.
  const size_t odd = missing % 2 != 0 && padding.width % 2 != 0 ? 1 : 0;
  const size_t front = !padding.front ? 0
                       : padding.back ? missing / 2 + odd
                                      : missing;
  std::string out;
  for (size_t i = 0; i < front; ++i) out += padding.fill;
  out += text;
  for (size_t i = front; i < missing; ++i) out += padding.fill;
  return out;
}

Value text_list(Machine& machine, const std::vector<std::string>& texts) {
  machine.meter.step(static_cast<int64_t>(texts.size()));
  Values items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(machine.text(text));
  return machine.list(std::move(items));
}

Value format_text(Machine& machine,
                  const std::string& format,
                  const Arguments& arguments) {
  Field field(machine, arguments);
  std::string out;
  for (size_t at = 0; at < format.size(); ++at) {
    const char c = format[at];
    const bool is_double = at + 1 < format.size() && format[at + 1] == c;
    if (c != '{' && c != '}') {
      out += c;
    } else if (is_double) {
      out += c;
      ++at;
    } else {
      const size_t end = format.find('}', at);
      if (c == '}' || end == std::string::npos)
        fail(ErrorKind::format, "format() with a single brace");
      const Value value = field.value(format.substr(at + 1, end - at - 1));
      machine.meter.grow(value.weight());
      out += str(value);
      at = end;
    }
  }
  return machine.text(std::move(out));
}

}  // namespace lineas::jinja
