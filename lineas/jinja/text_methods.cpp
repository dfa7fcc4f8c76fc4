// The methods of Python's str, by name.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/attributes.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/objects.h"
#include "lineas/jinja/text_search.h"

namespace lineas::jinja {
namespace {

using Method = Value (*)(Machine&, const std::string&, const Arguments&);

Value change(Machine& machine,
             const Arguments& arguments,
             const std::string& changed) {
  bind("this string's method", arguments, {});
  return machine.text(changed);
}

bool all_of(const std::string& text, bool (*holds)(char32_t)) {
  const std::u32string codes = decode(text);
  return !codes.empty() && std::all_of(codes.begin(), codes.end(), holds);
}

/// islower, isupper: some letter with case, and none of the other.
bool is_cased(const std::string& text,
              bool (*wanted)(char32_t),
              bool (*other)(char32_t)) {
  const std::u32string codes = decode(text);
  return std::any_of(codes.begin(), codes.end(), wanted) &&
         std::none_of(codes.begin(), codes.end(), other);
}

Value claim(const Arguments& arguments, bool holds) {
  bind("this string's method", arguments, {});
  return {holds};
}

bool is_digit(char32_t code) {
  if (is_other_number(code))
    fail(ErrorKind::unsupported, "isdigit() of a number like ² or ½");
  return is_decimal(code);
}

template <bool kFront, bool kBack>
Value strip(Machine& machine,
            const std::string& text,
            const Arguments& arguments) {
  const Bound given = bind("strip()", arguments, {"chars"}, 1);
  return machine.text(strip_text(
      text, given.get(0, Value()), {.front = kFront, .back = kBack}));
}

template <bool kEnd>
Value has_affix(Machine&, const std::string& text, const Arguments& arguments) {
  const std::string what = kEnd ? "endswith()" : "startswith()";
  const Bound given = bind(what, arguments, {"affix", "start", "end"}, 3);
  if (given.has(1))
    fail(ErrorKind::unsupported, "{} with a start or an end", what);
  const auto holds = [&](const std::string& affix) {
    return kEnd ? text.ends_with(affix) : text.starts_with(affix);
  };
  if (!given.need(0).is_tuple()) return {holds(given.text(0))};
  for (const Value& affix : given.need(0).items()) {
    if (!affix.is_text()) fail(ErrorKind::format, "{} needs strings", what);
    if (holds(affix.text())) return {true};
  }
  return {false};
}

template <bool kEnd>
Value without_affix(Machine& machine,
                    const std::string& text,
                    const Arguments& arguments) {
  const Bound given =
      bind(kEnd ? "removesuffix()" : "removeprefix()", arguments, {"affix"}, 1);
  const std::string& affix = given.text(0);
  const bool holds = kEnd ? text.ends_with(affix) : text.starts_with(affix);
  if (!holds) return machine.text(text);
  return machine.text(kEnd ? text.substr(0, text.size() - affix.size())
                           : text.substr(affix.size()));
}

template <bool kFromBack, bool kMust>
Value find(Machine& machine,
           const std::string& text,
           const Arguments& arguments) {
  const std::string what = kMust ? "index()" : "find()";
  const Bound given = bind(what, arguments, {"sub", "start", "end"}, 3);
  if (given.has(1))
    fail(ErrorKind::unsupported, "{} with a start or an end", what);
  machine.meter.step(1 + static_cast<int64_t>(text.size() / 64));
  const size_t at =
      kFromBack ? text.rfind(given.text(0)) : text.find(given.text(0));
  if (at == std::string::npos) {
    if (kMust) fail(ErrorKind::format, "index() finds no such text");
    return Value::of(int64_t{-1});
  }
  return Value::of(count_characters(std::string_view(text).substr(0, at)));
}

Value count(Machine& machine,
            const std::string& text,
            const Arguments& arguments) {
  const Bound given = bind("count()", arguments, {"sub", "start", "end"}, 3);
  if (given.has(1))
    fail(ErrorKind::unsupported, "count() with a start or an end");
  machine.meter.step(1 + static_cast<int64_t>(text.size() / 16));
  return Value::of(count_text(text, given.text(0)));
}

Value replace(Machine& machine,
              const std::string& text,
              const Arguments& arguments) {
  const Bound given = bind("replace()", arguments, {"old", "new", "count"}, 3);
  return machine.text(replace_text(
      machine, text, {given.text(0), given.text(1)}, given.whole(2, -1)));
}

template <bool kFromBack>
Value split(Machine& machine,
            const std::string& text,
            const Arguments& arguments) {
  const Bound given = bind("split()", arguments, {"sep", "maxsplit"});
  const Value separator = given.get(0, Value());
  if (!separator.is_none()) given.text(0);
  return text_list(
      machine, split_text(text, separator, {given.whole(1, -1), kFromBack}));
}

Value splitlines(Machine& machine,
                 const std::string& text,
                 const Arguments& arguments) {
  const Bound given = bind("splitlines()", arguments, {"keepends"});
  return text_list(machine, split_lines(text, given.flag(0)));
}

template <bool kFromBack>
Value partition(Machine& machine,
                const std::string& text,
                const Arguments& arguments) {
  const Bound given = bind("partition()", arguments, {"sep"}, 1);
  const std::string& separator = given.text(0);
  if (separator.empty()) fail(ErrorKind::format, "partition() by nothing");
  const size_t at = kFromBack ? text.rfind(separator) : text.find(separator);
  if (at == std::string::npos) {
    const Value whole = machine.text(text), none = Value::of(std::string());
    return kFromBack ? machine.tuple({none, none, whole})
                     : machine.tuple({whole, none, none});
  }
  return machine.tuple({machine.text(text.substr(0, at)),
                        machine.text(separator),
                        machine.text(text.substr(at + separator.size()))});
}

Value join(Machine& machine,
           const std::string& text,
           const Arguments& arguments) {
  const Bound given = bind("join()", arguments, {"items"}, 1);
  std::string out;
  bool is_first = true;
  for (const Value& item : all_items(machine, given.need(0))) {
    if (!item.is_text() || item.is_markup())
      fail(
          ErrorKind::format, "join() needs strings, not a {}", type_name(item));
    machine.meter.grow(text.size() + item.text().size());
    if (!is_first) out += text;
    out += item.text();
    is_first = false;
  }
  return machine.text(std::move(out));
}

enum class Side { left, right, center };

template <Side kSide>
Value justify(Machine& machine,
              const std::string& text,
              const Arguments& arguments) {
  const Bound given = bind("justify", arguments, {"width", "fill"}, 2);
  const std::string fill = given.has(1) ? given.text(1) : " ";
  if (count_characters(fill) != 1)
    fail(ErrorKind::format, "a fill of other than one character");
  to_whole(given.need(0), "a width");
  return machine.text(pad_text(
      machine,
      text,
      {given.whole(0, 0), fill, kSide != Side::left, kSide != Side::right}));
}

Value zfill(Machine& machine,
            const std::string& text,
            const Arguments& arguments) {
  const Bound given = bind("zfill()", arguments, {"width"}, 1);
  const int64_t width = to_whole(given.need(0), "zfill()");
  const size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  return machine.text(
      text.substr(0, sign) +
      pad_text(machine,
               text.substr(sign),
               {width - static_cast<int64_t>(sign), "0", true, false}));
}

using M = Machine;
using T = const std::string&;
using A = const Arguments&;

const std::unordered_map<std::string, Method>& methods() {
  static const std::unordered_map<std::string, Method> table = {
      {"upper", [](M& m, T t, A a) { return change(m, a, to_upper(t)); }},
      {"lower", [](M& m, T t, A a) { return change(m, a, to_lower(t)); }},
      {"title", [](M& m, T t, A a) { return change(m, a, to_title(t)); }},
      {"capitalize",
       [](M& m, T t, A a) { return change(m, a, capitalize(t)); }},
      {"swapcase", [](M& m, T t, A a) { return change(m, a, swap_case(t)); }},
      {"isspace", [](M&, T t, A a) { return claim(a, all_of(t, is_space)); }},
      {"isalpha", [](M&, T t, A a) { return claim(a, all_of(t, is_letter)); }},
      {"isdecimal",
       [](M&, T t, A a) { return claim(a, all_of(t, is_decimal)); }},
      {"isdigit", [](M&, T t, A a) { return claim(a, all_of(t, is_digit)); }},
      {"isalnum",
       [](M&, T t, A a) {
         return claim(a, all_of(t, [](char32_t code) {
                        return is_letter(code) || is_digit(code);
                      }));
       }},
      {"isascii", [](M&, T t, A a) { return claim(a, is_ascii(t)); }},
      {"islower",
       [](M&, T t, A a) { return claim(a, is_cased(t, is_lower, is_upper)); }},
      {"isupper",
       [](M&, T t, A a) { return claim(a, is_cased(t, is_upper, is_lower)); }},
      {"strip", strip<true, true>},
      {"lstrip", strip<true, false>},
      {"rstrip", strip<false, true>},
      {"startswith", has_affix<false>},
      {"endswith", has_affix<true>},
      {"removeprefix", without_affix<false>},
      {"removesuffix", without_affix<true>},
      {"find", find<false, false>},
      {"rfind", find<true, false>},
      {"index", find<false, true>},
      {"rindex", find<true, true>},
      {"count", count},
      {"replace", replace},
      {"split", split<false>},
      {"rsplit", split<true>},
      {"splitlines", splitlines},
      {"partition", partition<false>},
      {"rpartition", partition<true>},
      {"join", join},
      {"ljust", justify<Side::left>},
      {"rjust", justify<Side::right>},
      {"center", justify<Side::center>},
      {"zfill", zfill},
      {"format", format_text},
  };
  return table;
}

// What str has beside those above.
constexpr std::array<std::string_view, 10> kNotThere = {"casefold",
                                                        "encode",
                                                        "expandtabs",
                                                        "format_map",
                                                        "isidentifier",
                                                        "isnumeric",
                                                        "isprintable",
                                                        "istitle",
                                                        "maketrans",
                                                        "translate"};

}  // namespace

std::optional<Value> text_method(const Value& text, const std::string& name) {
  const auto found = methods().find(name);
  if (found == methods().end()) {
    if (std::find(kNotThere.begin(), kNotThere.end(), name) == kNotThere.end())
      return {};
    fail(ErrorKind::unsupported, "the method {}() of a string", name);
  }
  if (text.is_markup())
    fail(ErrorKind::unsupported,
         "the method {}() of a string marked as safe",
         name);
  const Method method = found->second;
  return Function::make("builtin_function_or_method",
                        [text, method](Machine& machine, Arguments& arguments) {
                          return method(machine, text.text(), arguments);
                        });
}

}  // namespace lineas::jinja
