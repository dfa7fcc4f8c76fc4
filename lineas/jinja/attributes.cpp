#include "lineas/jinja/attributes.h"

#include <algorithm>
#include <span>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/objects.h"
#include "lineas/jinja/printing.h"

namespace lineas::jinja {
namespace {

using Names = std::span<const std::string_view>;

bool is_among(const std::string& name, Names names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 8> kListChangers = {
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
constexpr std::array<std::string_view, 5> kDictChangers = {
    "clear", "pop", "popitem", "setdefault", "update"};
// What Python's numbers have; no template needs it.
constexpr std::array<std::string_view, 15> kNumberNames = {"as_integer_ratio",
                                                           "bit_count",
                                                           "bit_length",
                                                           "conjugate",
                                                           "denominator",
                                                           "from_bytes",
                                                           "fromhex",
                                                           "hex",
                                                           "imag",
                                                           "is_integer",
                                                           "numerator",
                                                           "real",
                                                           "to_bytes",
                                                           "fromkeys",
                                                           "copy"};

Value unsafe(const Value& value, const std::string& name) {
  return Value::undefined(
      fmt::format("the attribute \"{}\" of a {} changes it or is internal, "
                  "which the sandbox of templates does not allow",
                  printable(name, 40),
                  type_name(value)));
}

Value missing(const Value& value, const std::string& name) {
  return Value::undefined(
      fmt::format("a {} has no \"{}\"", type_name(value), printable(name, 40)));
}

/// A method that holds `self`.
Value bound(const Value& self,
            std::function<Value(Machine&, const Value&, Arguments&)> body) {
  return Function::make(
      "builtin_function_or_method",
      [self, body = std::move(body)](Machine& machine, Arguments& arguments) {
        return body(machine, self, arguments);
      },
      self.depth());
}

Value view(const Value& self, DictView::What what) {
  return bound(self, [what](Machine&, const Value& dict, Arguments& arguments) {
    bind("a dict's method", arguments, {});
    return Value::of(
        std::shared_ptr<Object>(std::make_shared<DictView>(dict, what)));
  });
}

std::optional<Value> dict_method(const Value& self, const std::string& name) {
  if (name == "keys") return view(self, DictView::What::keys);
  if (name == "values") return view(self, DictView::What::values);
  if (name == "items") return view(self, DictView::What::items);
  if (name == "get")
    return bound(self, [](Machine&, const Value& dict, Arguments& arguments) {
      const Bound given = bind("get()", arguments, {"key", "default"}, 2);
      const Value* found = dict.dict().find(given.need(0));
      return found != nullptr ? *found : given.get(1, Value());
    });
  if (name == "copy")
    return bound(self, [](Machine&, const Value& dict, Arguments& arguments) {
      bind("copy()", arguments, {});
      return dict;
    });
  return {};
}

Value count_equal(Machine& machine, const Value& list, Arguments& arguments) {
  const Bound given = bind("count()", arguments, {"value"}, 1);
  machine.meter.step(static_cast<int64_t>(list.items().size()));
  return Value::of(static_cast<int64_t>(std::count_if(
      list.items().begin(), list.items().end(), [&](const Value& item) {
        return equals(item, given.need(0));
      })));
}

Value index_of(Machine& machine, const Value& list, Arguments& arguments) {
  const Bound given = bind("index()", arguments, {"value"}, 1);
  machine.meter.step(static_cast<int64_t>(list.items().size()));
  for (size_t i = 0; i < list.items().size(); ++i)
    if (equals(list.items()[i], given.need(0)))
      return Value::of(static_cast<int64_t>(i));
  fail(ErrorKind::format, "index() finds no such item");
}

std::optional<Value> list_method(const Value& self, const std::string& name) {
  if (name == "count") return bound(self, count_equal);
  if (name == "index") return bound(self, index_of);
  if (name == "copy" && self.is_list())
    return bound(self, [](Machine&, const Value& list, Arguments& arguments) {
      bind("copy()", arguments, {});
      return list;
    });
  return {};
}

/// What Python's getattr finds, sandboxed.
std::optional<Value> attribute(const Value& value, const std::string& name) {
  if (name.starts_with("__") && name.ends_with("__"))
    return unsafe(value, name);
  if (value.is_object()) return value.object().attribute(name);
  if (value.is_text()) return text_method(value, name);
  if (value.is_dict()) {
    if (is_among(name, kDictChangers)) return unsafe(value, name);
    if (name != "fromkeys") return dict_method(value, name);
  } else if (value.is_sequence()) {
    if (value.is_list() && is_among(name, kListChangers))
      return unsafe(value, name);
    return list_method(value, name);
  } else if (!value.is_number()) {
    return {};
  }
  if (is_among(name, kNumberNames))
    fail(ErrorKind::unsupported,
         "the attribute \"{}\" of a {}",
         name,
         type_name(value));
  return {};
}

std::optional<size_t> place(int64_t index, size_t length) {
  const auto signed_length = static_cast<int64_t>(length);
  if (index < 0) index += signed_length;
  if (index < 0 || index >= signed_length) return {};
  return static_cast<size_t>(index);
}

/// What Python's subscript finds.
std::optional<Value> item(Machine& machine,
                          const Value& value,
                          const Value& key) {
  if (value.is_dict()) {
    if (!is_hashable(key)) return {};
    const Value* found = value.dict().find(key);
    if (found == nullptr) return {};
    return *found;
  }
  if (!key.is_whole()) return {};
  if (value.is_sequence()) {
    const auto at = place(key.integer(), value.items().size());
    if (!at) return {};
    return value.items()[*at];
  }
  if (value.is_text()) {
    machine.meter.step(static_cast<int64_t>(value.text().size() / 64) + 1);
    const std::u32string codes = decode(value.text());
    const auto at = place(key.integer(), codes.size());
    if (!at) return {};
    return machine.text(encode(codes.substr(*at, 1)), value.is_markup());
  }
  if (const auto* range = value.as<Range>()) {
    const auto at = place(key.integer(), static_cast<size_t>(*range->length()));
    if (at) return range->at(static_cast<int64_t>(*at));
  }
  return {};
}

/// Start, stop and step as Python settles them for a length.
struct Slice {
  int64_t start, stop, step;

  Slice(const std::array<Value, 3>& bounds, int64_t length) {
    const auto whole = [](const Value& value) {
      return to_whole(value, "a slice");
    };
    step = bounds[2].is_none() ? 1 : whole(bounds[2]);
    if (step == 0) fail(ErrorKind::format, "a slice with the step 0");
    const int64_t low = step < 0 ? -1 : 0;
    const int64_t high = step < 0 ? length - 1 : length;
    const auto settle = [&](const Value& value, int64_t fallback) {
      if (value.is_none()) return fallback;
      int64_t at = whole(value);
      if (at < 0) at = at < -length ? low : at + length;
      return std::clamp(at, low, std::max(low, high));
    };
    start = settle(bounds[0], step < 0 ? high : low);
    stop = settle(bounds[1], step < 0 ? low : high);
  }

  template <typename Sequence>
  Sequence of(const Sequence& all) const {
    Sequence some;
    for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
      some.push_back(all[static_cast<size_t>(i)]);
      if (__builtin_add_overflow(i, step, &i)) break;
    }
    return some;
  }
};

}  // namespace

Value get_attribute(Machine& machine,
                    const Value& value,
                    const std::string& name) {
  if (value.is_undefined()) fail_undefined(value);
  if (auto found = attribute(value, name)) return *found;
  if (auto found = item(machine, value, Value::of(name))) return *found;
  return missing(value, name);
}

Value get_item(Machine& machine, const Value& value, const Value& key) {
  if (value.is_undefined()) fail_undefined(value);
  if (auto found = item(machine, value, key)) return *found;
  if (!key.is_text())
    return Value::undefined(fmt::format(
        "a {} has no item {}", type_name(value), printable(repr(key), 40)));
  if (auto found = attribute(value, key.text())) return *found;
  return missing(value, key.text());
}

Value get_slice(Machine& machine,
                const Value& value,
                const std::array<Value, 3>& bounds) {
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_text() && !value.is_sequence())
    fail(value.is_object() ? ErrorKind::unsupported : ErrorKind::format,
         "a slice of a {}",
         type_name(value));
  const Slice slice(bounds, *length_of(value));
  if (value.is_text()) {
    machine.meter.step(static_cast<int64_t>(value.text().size() / 64) + 1);
    if (is_ascii(value.text()))
      return machine.text(slice.of(value.text()), value.is_markup());
    return machine.text(encode(slice.of(decode(value.text()))),
                        value.is_markup());
  }
  Values items = slice.of(value.items());
  return value.is_list() ? machine.list(std::move(items))
                         : machine.tuple(std::move(items));
}

Value follow_path(Machine& machine,
                  const Value& value,
                  const Value& path,
                  const Value& standard) {
  if (path.is_none()) return value;
  const auto step = [&](const Value& at, const Value& key) {
    Value next = get_item(machine, at, key);
    return next.is_undefined() && !standard.is_none() ? standard : next;
  };
  if (!path.is_text()) return step(value, path);
  Value at = value;
  const std::string& text = path.text();
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const bool is_number = !part.empty() && part.size() < 18 &&
                           std::all_of(part.begin(), part.end(), [](char c) {
                             return c >= '0' && c <= '9';
                           });
    at = step(
        at, is_number ? Value::of(int64_t{std::stoll(part)}) : Value::of(part));
    begin = end + 1;
  }
  return at;
}

}  // namespace lineas::jinja
