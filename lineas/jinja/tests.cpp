// The tests (`value is name`).
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/filters.h"
#include "lineas/jinja/objects.h"
#include "lineas/jinja/operators.h"
#include "lineas/jinja/printing.h"

namespace lineas::jinja {
namespace {

using M = Machine;
using V = const Value&;
using A = const Arguments&;

/// A test without arguments.
Test plain(bool (*holds)(const Value&)) {
  return [holds](M&, V value, A arguments) {
    bind("this test", arguments, {});
    return holds(value);
  };
}

Value other(A arguments) {
  return bind("this test", arguments, {"other"}, 1).need(0);
}

bool is_remainder(M& machine, V value, int64_t by, int64_t rest) {
  return equals(arithmetic(machine, "%", value, Value::of(by)),
                Value::of(rest));
}

bool is_cased(V value, bool (*wanted)(char32_t), bool (*unwanted)(char32_t)) {
  const std::u32string codes = decode(str(value));
  return std::any_of(codes.begin(), codes.end(), wanted) &&
         std::none_of(codes.begin(), codes.end(), unwanted);
}

bool is_iterable(V value) {
  if (value.is_object()) return value.object().is_iterable();
  return !value.is_none() && !value.is_number();
}

bool is_sequence(V value) {
  if (value.is_object()) return value.as<Range>() != nullptr;
  return is_iterable(value);
}

bool divisible(M& machine, V value, A arguments) {
  const Bound given = bind("the test divisibleby", arguments, {"num"});
  return equals(arithmetic(machine, "%", value, given.need(0)),
                Value::of(int64_t{0}));
}

/// Tests that ask what kind of value it is.
void add_kinds(std::unordered_map<std::string, Test>& table) {
  const auto add = [&table](const char* name, Test test) {
    table.emplace(name, test);
  };
  add("defined", plain([](V v) { return !v.is_undefined(); }));
  add("undefined", plain([](V v) { return v.is_undefined(); }));
  add("none", plain([](V v) { return v.is_none(); }));
  add("boolean", plain([](V v) { return v.is_boolean(); }));
  add("true", plain([](V v) { return v.is_boolean() && v.boolean(); }));
  add("false", plain([](V v) { return v.is_boolean() && !v.boolean(); }));
  add("integer", plain([](V v) { return v.is_integer(); }));
  add("float", plain([](V v) { return v.is_real(); }));
  add("number", plain([](V v) { return v.is_number(); }));
  add("string", plain([](V v) { return v.is_text(); }));
  add("mapping", plain([](V v) { return v.is_dict(); }));
  add("sequence", plain(is_sequence));
  add("iterable", plain(is_iterable));
  add("callable", plain([](V v) {
        return v.is_undefined() || (v.is_object() && v.object().is_callable());
      }));
  add("escaped", plain([](V v) { return v.is_markup(); }));
  add("lower", plain([](V v) { return is_cased(v, is_lower, is_upper); }));
  add("upper", plain([](V v) { return is_cased(v, is_upper, is_lower); }));
  add("filter", plain([](V v) { return v.is_text() && has_filter(v.text()); }));
  add("test", plain([](V v) { return v.is_text() && has_test(v.text()); }));
}

/// Tests that compare.
void add_comparisons(std::unordered_map<std::string, Test>& table) {
  const auto add = [&table](std::initializer_list<const char*> names,
                            Test test) {
    for (const char* name : names) table.emplace(name, test);
  };
  add({"odd"}, [](M& m, V v, A a) {
    bind("the test odd", a, {});
    return is_remainder(m, v, 2, 1);
  });
  add({"even"}, [](M& m, V v, A a) {
    bind("the test even", a, {});
    return is_remainder(m, v, 2, 0);
  });
  add({"divisibleby"}, divisible);
  add({"sameas"}, [](M&, V v, A a) { return v.is_same(other(a)); });
  add({"in"}, [](M& m, V v, A a) { return contains(m, other(a), v); });
  add({"==", "eq", "equalto"},
      [](M&, V v, A a) { return equals(v, other(a)); });
  add({"!=", "ne"}, [](M&, V v, A a) { return !equals(v, other(a)); });
  add({">", "gt", "greaterthan"},
      [](M&, V v, A a) { return is_less(other(a), v); });
  add({"<", "lt", "lessthan"},
      [](M&, V v, A a) { return is_less(v, other(a)); });
  add({">=", "ge"},
      [](M&, V v, A a) { return is_less(other(a), v) || equals(v, other(a)); });
  add({"<=", "le"},
      [](M&, V v, A a) { return is_less(v, other(a)) || equals(v, other(a)); });
}

const std::unordered_map<std::string, Test>& tests() {
  static const std::unordered_map<std::string, Test> table = [] {
    std::unordered_map<std::string, Test> all;
    add_kinds(all);
    add_comparisons(all);
    return all;
  }();
  return table;
}

}  // namespace

bool has_test(const std::string& name) {
  return tests().contains(name);
}

bool call_test(Machine& machine,
               const std::string& name,
               const Value& value,
               const Arguments& arguments) {
  machine.meter.step(1 + static_cast<int64_t>(value.weight() / 4096));
  const auto found = tests().find(name);
  if (found == tests().end())
    fail(ErrorKind::format, "there is no test \"{}\"", printable(name, 40));
  return found->second(machine, value, arguments);
}

}  // namespace lineas::jinja
