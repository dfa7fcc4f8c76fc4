// Filters that choose among items, change each, or stand in for nothing.
#include "lineas/base/error.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/attributes.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/filters.h"
#include "lineas/jinja/objects.h"

namespace lineas::jinja {
namespace {

Value standard(Machine&, const Value& value, const Arguments& arguments) {
  const Bound given =
      bind("the filter default", arguments, {"default_value", "boolean"});
  const bool is_missing =
      value.is_undefined() || (given.flag(1) && !is_true(value));
  return is_missing ? given.get(0, Value::of(std::string())) : value;
}

int depth_of(const Value& value, const Arguments& arguments) {
  int depth = value.depth();
  for (const Value& item : arguments.positional)
    depth = std::max(depth, item.depth());
  for (const auto& item : arguments.named)
    depth = std::max(depth, item.second.depth());
  return depth + 1;
}

/// The first argument, taken off: the name of a filter or test, a path.
std::optional<Value> take_first(Arguments& arguments) {
  if (arguments.positional.empty()) return {};
  Value taken = arguments.positional.front();
  arguments.positional.erase(arguments.positional.begin());
  return taken;
}

std::string name_of(const Value& value) {
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_text())
    fail(ErrorKind::format,
         "the name of a filter or test is a string, not a {}",
         type_name(value));
  return value.text();
}

/// What map() does to each item.
std::function<Value(Machine&, const Value&)> mapping(Arguments arguments) {
  if (!arguments.positional.empty()) {
    const std::string name = name_of(*take_first(arguments));
    return [name, arguments](Machine& machine, const Value& item) {
      return call_filter(machine, name, item, arguments);
    };
  }
  const Bound given =
      bind("the filter map", arguments, {"attribute", "default"});
  const Value& path = given.need(0);
  const Value standard = given.get(1, Value());
  return [path, standard](Machine& machine, const Value& item) {
    return follow_path(machine, item, path, standard);
  };
}

Value map(Machine& machine, const Value& value, const Arguments& arguments) {
  if (!value.is_object() && !is_true(value)) return Iterator::over({});
  const auto change = mapping(arguments);
  return Iterator::make(
      [&machine,
       next = cursor_of(machine, value),
       change]() -> std::optional<Value> {
        const Meter::Level level(machine.meter);
        machine.meter.step();
        const auto item = next();
        if (!item) return {};
        return change(machine, *item);
      },
      depth_of(value, arguments));
}

/// select, reject (of the item) and selectattr, rejectattr (of a part of it).
template <bool kKeep, bool kOfPart>
Value choose(Machine& machine, const Value& value, const Arguments& all) {
  if (!value.is_object() && !is_true(value)) return Iterator::over({});
  Arguments arguments = all;
  Value path;
  if (kOfPart) {
    const auto first = take_first(arguments);
    if (!first)
      fail(ErrorKind::format, "selectattr and rejectattr need an attribute");
    path = *first;
  }
  const auto test = take_first(arguments);
  const std::string name = test ? name_of(*test) : "";
  const auto holds = [&machine, path, name, arguments](const Value& item) {
    const Value part = follow_path(machine, item, path);
    return name.empty() ? is_true(part)
                        : call_test(machine, name, part, arguments);
  };
  return Iterator::make(
      [&machine,
       next = cursor_of(machine, value),
       holds]() -> std::optional<Value> {
        const Meter::Level level(machine.meter);
        while (auto item = next()) {
          machine.meter.step();
          if (holds(*item) == kKeep) return item;
        }
        return {};
      },
      depth_of(value, all));
}

}  // namespace

void add_choosing_filters(FilterTable& table) {
  table.insert({{"default", standard},
                {"d", standard},
                {"map", map},
                {"select", choose<true, false>},
                {"reject", choose<false, false>},
                {"selectattr", choose<true, true>},
                {"rejectattr", choose<false, true>}});
}

}  // namespace lineas::jinja
