#include "lineas/jinja/objects.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/jinja/printing.h"

namespace lineas::jinja {
namespace {

int checked(int depth) {
  if (depth >= kDeepestValue)
    fail(ErrorKind::resource,
         "values lie in each other more than {} deep",
         kDeepestValue);
  return depth + 1;
}

int deepest(const Values& items) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return depth;
}

Cursor cursor_over(Values items) {
  const auto shared = std::make_shared<const Values>(std::move(items));
  return [shared, at = size_t{0}]() mutable -> std::optional<Value> {
    if (at == shared->size()) return {};
    return (*shared)[at++];
  };
}

Cursor characters_of(const Value& text) {
  return [text, at = size_t{0}]() mutable -> std::optional<Value> {
    if (at >= text.text().size()) return {};
    size_t end = at + 1;
    while (end < text.text().size() &&
           (static_cast<unsigned char>(text.text()[end]) & 0xc0) == 0x80)
      ++end;
    const Value character = Value::of(text.text().substr(at, end - at));
    at = end;
    return character;
  };
}

Cursor cursor_by_index(const Value& sequence) {
  return [sequence, at = size_t{0}]() mutable -> std::optional<Value> {
    if (at == sequence.items().size()) return {};
    return sequence.items()[at++];
  };
}

}  // namespace

Cursor cursor_of(Machine& machine, const Value& value) {
  if (value.is_undefined()) return [] { return std::optional<Value>(); };
  if (value.is_text()) return characters_of(value);
  if (value.is_sequence()) return cursor_by_index(value);
  if (value.is_dict())
    return DictView(value, DictView::What::keys).cursor(machine);
  if (value.is_object()) return value.object().cursor(machine);
  fail(ErrorKind::format, "a {} has no items to go through", type_name(value));
}

Values all_items(Machine& machine, const Value& value) {
  const Cursor next = cursor_of(machine, value);
  Values items;
  while (auto item = next()) {
    machine.meter.step();
    machine.meter.grow(sizeof(Value));
    items.push_back(std::move(*item));
  }
  return items;
}

void fail_undefined(const Value& value) {
  fail(ErrorKind::format, "{}", value.why());
}

Function::Function(std::string type, Body body, int depth)
    : type_(std::move(type)), body_(std::move(body)), depth_(checked(depth)) {}

Value Function::make(std::string type, Body body, int depth) {
  return Value::of(std::shared_ptr<Object>(
      std::make_shared<Function>(std::move(type), std::move(body), depth)));
}

Iterator::Iterator(Cursor next, int depth)
    : next_(std::move(next)), depth_(checked(depth)) {}

Value Iterator::make(Cursor next, int depth) {
  // Shared: whoever takes a cursor of it goes on where the last one stopped.
  const auto shared = std::make_shared<Cursor>(std::move(next));
  return Value::of(std::shared_ptr<Object>(
      std::make_shared<Iterator>([shared] { return (*shared)(); }, depth)));
}

Value Iterator::over(Values items) {
  const int depth = deepest(items);
  return make(cursor_over(std::move(items)), depth);
}

Range::Range(int64_t start, int64_t stop, int64_t step)
    : start_(start), stop_(stop), step_(step) {
  if (step == 0) fail(ErrorKind::format, "range() needs a step other than 0");
  // In 128 bits: the ends may be the first and the last of all numbers.
  using Wide = __int128;
  const Wide span = step > 0 ? Wide{stop} - start : Wide{start} - stop;
  const Wide stride = step > 0 ? Wide{step} : -Wide{step};
  const Wide length = span <= 0 ? 0 : (span + stride - 1) / stride;
  if (length > kLongestRange)
    fail(ErrorKind::resource,
         "range() with more than {} numbers",
         kLongestRange);
  length_ = static_cast<int64_t>(length);
}

Cursor Range::cursor(Machine&) {
  return [range = *this, at = int64_t{0}]() mutable -> std::optional<Value> {
    if (at == range.length_) return {};
    return range.at(at++);
  };
}

std::string Range::print() const {
  if (step_ == 1) return fmt::format("range({}, {})", start_, stop_);
  return fmt::format("range({}, {}, {})", start_, stop_, step_);
}

bool Range::equals(const Range& other) const {
  if (length_ != other.length_) return false;
  if (length_ == 0) return true;
  return start_ == other.start_ && (length_ == 1 || step_ == other.step_);
}

std::string DictView::type_name() const {
  switch (what_) {
    case What::keys:
      return "dict_keys";
    case What::values:
      return "dict_values";
    case What::items:
      return "dict_items";
  }
  return "";
}

std::optional<int64_t> DictView::length() const {
  return static_cast<int64_t>(dict_.dict().entries().size());
}

Value DictView::at(size_t index) const {
  const auto& [key, value] = dict_.dict().entries()[index];
  if (what_ == What::keys) return key;
  if (what_ == What::values) return value;
  return Value::tuple({key, value});
}

Cursor DictView::cursor(Machine&) {
  return [view = *this, at = size_t{0}]() mutable -> std::optional<Value> {
    if (at == view.dict_.dict().entries().size()) return {};
    return view.at(at++);
  };
}

std::string DictView::print() const {
  Values items;
  for (size_t i = 0; i < dict_.dict().entries().size(); ++i)
    items.push_back(at(i));
  return fmt::format("{}({})", type_name(), repr(Value::list(items)));
}

std::optional<Value> Namespace::attribute(const std::string& name) {
  const auto found = values_.find(name);
  if (found == values_.end()) return {};
  return found->second;
}

}  // namespace lineas::jinja
