// Filters of text, and those that make text of values.
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/attributes.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/filters.h"
#include "lineas/jinja/operators.h"
#include "lineas/jinja/printing.h"
#include "lineas/jinja/text_search.h"

namespace lineas::jinja {
namespace {

/// str() of the input, paid for.
std::string text_of(Machine& machine, const Value& value) {
  machine.meter.grow(value.weight());
  return str(value);
}

Value trim(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given = bind("the filter trim", arguments, {"chars"});
  return machine.text(
      strip_text(text_of(machine, value), given.get(0, Value())),
      value.is_markup());
}

Value upper(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter upper", arguments, {});
  return machine.text(to_upper(text_of(machine, value)));
}

Value lower(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter lower", arguments, {});
  return machine.text(to_lower(text_of(machine, value)));
}

Value capital(Machine& machine,
              const Value& value,
              const Arguments& arguments) {
  bind("the filter capitalize", arguments, {});
  return machine.text(capitalize(text_of(machine, value)));
}

/// Jinja's own title: words begin behind white space and - ( { [ <.
Value title(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter title", arguments, {});
  const std::u32string codes = decode(text_of(machine, value));
  std::string out;
  const auto parts_words = [](char32_t code) {
    return is_space(code) ||
           std::u32string_view(U"-({[<").find(code) != std::u32string::npos;
  };
  for (size_t at = 0; at < codes.size();) {
    size_t end = at;
    while (end < codes.size() && parts_words(codes[end])) ++end;
    out += encode(codes.substr(at, end - at));
    at = end;
    while (end < codes.size() && !parts_words(codes[end])) ++end;
    if (end == at) break;
    out += to_upper(encode(codes.substr(at, 1)));
    out += to_lower(encode(codes.substr(at + 1, end - at - 1)));
    at = end;
  }
  return machine.text(std::move(out));
}

Value replace(Machine& machine,
              const Value& value,
              const Arguments& arguments) {
  const Bound given =
      bind("the filter replace", arguments, {"old", "new", "count"});
  const int64_t count =
      given.get(2, Value()).is_none() ? -1 : given.whole(2, -1);
  const std::string old = str(given.need(0)), fresh = str(given.need(1));
  return machine.text(
      replace_text(machine, text_of(machine, value), {old, fresh}, count));
}

Value indent(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given =
      bind("the filter indent", arguments, {"width", "first", "blank"});
  if (!value.is_text())
    fail(ErrorKind::format,
         "the filter indent needs a string, not a {}",
         type_name(value));
  const Value width = given.get(0, Value::of(int64_t{4}));
  const std::string front =
      width.is_text()
          ? width.text()
          : pad_text(machine, "", {to_whole(width, "indent"), " ", true});
  std::string out = given.flag(1) ? front : "";
  bool is_first = true;
  for (const std::string& line : split_lines(value.text() + "\n")) {
    const bool is_moved = !is_first && (given.flag(2) || !line.empty());
    machine.meter.grow(line.size() + front.size() + 1);
    out += (is_first ? "" : "\n") + (is_moved ? front : "") + line;
    is_first = false;
  }
  return machine.text(std::move(out));
}

Value join(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given = bind("the filter join", arguments, {"d", "attribute"});
  const std::string between = given.has(0) ? str(given.need(0)) : "";
  std::string out;
  bool is_first = true;
  for (const Value& item : all_items(machine, value)) {
    const Value part = follow_path(machine, item, given.get(1, Value()));
    machine.meter.grow(part.weight() + between.size());
    if (!is_first) out += between;
    out += str(part);
    is_first = false;
  }
  return machine.text(std::move(out));
}

Value string(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter string", arguments, {});
  if (value.is_text()) return value;
  return machine.text(text_of(machine, value));
}

Value safe(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter safe", arguments, {});
  return machine.text(text_of(machine, value), true);
}

Value escape(Machine& machine, const Value& value, const Arguments& arguments) {
  bind("the filter escape", arguments, {});
  if (value.is_markup()) return value;
  return machine.text(escape_html(text_of(machine, value)), true);
}

Value center(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given = bind("the filter center", arguments, {"width"});
  return machine.text(pad_text(
      machine, text_of(machine, value), {given.whole(0, 80), " ", true, true}));
}

Value format(Machine& machine, const Value& value, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty())
    fail(ErrorKind::format,
         "the filter format takes positional or named arguments, not both");
  if (arguments.named.empty())
    return percent_format(
        machine, text_of(machine, value), machine.tuple(arguments.positional));
  auto dict = std::make_shared<Dict>();
  for (const auto& [name, item] : arguments.named)
    dict->set(Value::of(name), item);
  return percent_format(machine,
                        text_of(machine, value),
                        Value::of(std::shared_ptr<const Dict>(dict)));
}

Value wordcount(Machine& machine,
                const Value& value,
                const Arguments& arguments) {
  bind("the filter wordcount", arguments, {});
  int64_t count = 0;
  bool inside = false;
  for (const char32_t code : decode(text_of(machine, value))) {
    const bool is_word = is_letter(code) || is_decimal(code) || code == '_';
    count += is_word && !inside ? 1 : 0;
    inside = is_word;
  }
  return Value::of(count);
}

JsonStyle json_style(Machine& machine, const Bound& given) {
  JsonStyle style;
  style.ascii = given.flag(0);
  style.sorted = given.flag(3);
  const Value indent = given.get(1, Value());
  if (indent.is_text()) {
    style.indent = indent.text();
  } else if (!indent.is_none()) {
    style.indent = pad_text(
        machine, "", {to_whole(indent, "the indent of tojson"), " ", true});
  }
  if (style.indent) style.comma = ",";
  const Value separators = given.get(2, Value());
  if (separators.is_none()) return style;
  const bool is_pair =
      separators.is_sequence() && separators.items().size() == 2 &&
      separators.items()[0].is_text() && separators.items()[1].is_text();
  if (!is_pair)
    fail(ErrorKind::format, "the separators of tojson are a pair of strings");
  style.comma = separators.items()[0].text();
  style.colon = separators.items()[1].text();
  return style;
}

Value tojson(Machine& machine, const Value& value, const Arguments& arguments) {
  const Bound given =
      bind("the filter tojson",
           arguments,
           {"ensure_ascii", "indent", "separators", "sort_keys"});
  const JsonStyle style = json_style(machine, given);
  machine.meter.grow(value.weight());
  if (style.indent)  // at every value, as deep as values may lie
    machine.meter.grow(value.weight() / 8 * style.indent->size());
  return machine.text(to_json(value, style));
}

}  // namespace

void add_text_filters(FilterTable& table) {
  table.insert({{"trim", trim},
                {"upper", upper},
                {"lower", lower},
                {"capitalize", capital},
                {"title", title},
                {"replace", replace},
                {"indent", indent},
                {"join", join},
                {"string", string},
                {"safe", safe},
                {"e", escape},
                {"escape", escape},
                {"center", center},
                {"format", format},
                {"wordcount", wordcount},
                {"tojson", tojson}});
}

}  // namespace lineas::jinja
