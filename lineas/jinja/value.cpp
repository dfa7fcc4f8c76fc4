#include "lineas/jinja/value.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/limits.h"

namespace lineas::jinja {
namespace {

int checked_depth(int inside) {
  if (inside >= kDeepestValue)
    fail(ErrorKind::resource,
         "values lie in each other more than {} deep",
         kDeepestValue);
  return inside + 1;
}

size_t checked_weight(size_t weight) {
  if (weight > kHeaviestValue)
    fail(ErrorKind::resource,
         "a value holds others so often that printing it would take more than "
         "{} bytes",
         kHeaviestValue);
  return weight;
}

}  // namespace

Value Value::of(std::string text, bool is_markup) {
  return Value(Held(
      Text{std::make_shared<const std::string>(std::move(text)), is_markup}));
}

Value Value::undefined(std::string why) {
  return Value(
      Held(Undefined{std::make_shared<const std::string>(std::move(why))}));
}

Value Value::sequence(Values items, bool is_tuple) {
  int inside = 0;
  size_t weight = 2;
  for (const Value& item : items) {
    inside = std::max(inside, item.depth());
    weight = checked_weight(weight + item.weight());
  }
  return Value(Held(std::make_shared<const Sequence>(
      Sequence{std::move(items), checked_depth(inside), weight, is_tuple})));
}

Value Value::list(Values items) {
  return sequence(std::move(items), false);
}
Value Value::tuple(Values items) {
  return sequence(std::move(items), true);
}

int Value::depth() const {
  if (is_sequence()) return get<Items>()->depth;
  if (is_dict()) return dict().depth();
  if (is_object()) return object().depth();
  return 0;
}

size_t Value::weight() const {
  constexpr size_t kSmall = 8;
  if (is_text()) return kSmall + text().size();
  if (is_sequence()) return kSmall + get<Items>()->weight;
  if (is_dict()) return kSmall + dict().weight();
  if (is_object()) return kSmall + object().weight();
  return kSmall;
}

bool Value::is_same(const Value& other) const {
  if (held_.index() != other.held_.index()) return false;
  if (is_none()) return true;
  if (is_boolean()) return boolean() == other.boolean();
  if (is_text()) return get<Text>().bytes == other.get<Text>().bytes;
  if (is_sequence()) return get<Items>() == other.get<Items>();
  if (is_dict()) return &dict() == &other.dict();
  if (is_object()) return &object() == &other.object();
  // Whether two equal numbers are one object is Python's own affair.
  fail(ErrorKind::unsupported,
       "the test sameas between two values of the type {}",
       type_name(*this));
}

std::optional<size_t> Dict::place_of(const Value& key) const {
  if (key.is_text()) {
    const auto found = texts_.find(key.text());
    if (found == texts_.end()) return {};
    return found->second;
  }
  for (size_t i = 0; i < entries_.size(); ++i)
    if (!entries_[i].first.is_text() && equals(entries_[i].first, key))
      return i;
  return {};
}

void Dict::set(const Value& key, Value value) {
  check_hashable(key);
  depth_ =
      std::max(depth_, checked_depth(std::max(key.depth(), value.depth())));
  weight_ = checked_weight(weight_ + key.weight() + value.weight());
  const auto place = place_of(key);
  if (place) {
    entries_[*place].second = std::move(value);
    return;
  }
  if (key.is_text()) texts_.emplace(key.text(), entries_.size());
  entries_.emplace_back(key, std::move(value));
}

const Value* Dict::find(const Value& key) const {
  check_hashable(key);
  const auto place = place_of(key);
  return place ? &entries_[*place].second : nullptr;
}

const Value* Dict::find(const std::string& key) const {
  const auto found = texts_.find(key);
  return found == texts_.end() ? nullptr : &entries_[found->second].second;
}

Value Object::call(Machine&, Arguments&) {
  fail(ErrorKind::format, "a value of the type {} is no function", type_name());
}

Cursor Object::cursor(Machine&) {
  fail(ErrorKind::format, "a {} has no items to go through", type_name());
}

std::string Object::print() const {
  fail(ErrorKind::unsupported,
       "printing a value of the type {}: it shows an address in Python",
       type_name());
}

std::string type_name(const Value& value) {
  if (value.is_none()) return "NoneType";
  if (value.is_undefined()) return "Undefined";
  if (value.is_boolean()) return "bool";
  if (value.is_integer()) return "int";
  if (value.is_real()) return "float";
  if (value.is_markup()) return "Markup";
  if (value.is_text()) return "str";
  if (value.is_tuple()) return "tuple";
  if (value.is_list()) return "list";
  if (value.is_dict()) return "dict";
  return value.object().type_name();
}

}  // namespace lineas::jinja
