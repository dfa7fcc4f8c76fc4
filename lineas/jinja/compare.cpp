#include "lineas/jinja/compare.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/machine.h"
#include "lineas/jinja/objects.h"

namespace lineas::jinja {
namespace {

bool equal_dicts(const Dict& left, const Dict& right) {
  if (left.entries().size() != right.entries().size()) return false;
  return std::all_of(
      left.entries().begin(), left.entries().end(), [&](const auto& entry) {
        const Value* other = right.find(entry.first);
        return other != nullptr && equals(entry.second, *other);
      });
}

bool equal_numbers(const Value& left, const Value& right) {
  if (left.is_whole() && right.is_whole())
    return left.integer() == right.integer();
  return left.real() == right.real();
}

bool equal_objects(const Value& left, const Value& right) {
  const auto* a = left.as<Range>();
  const auto* b = right.as<Range>();
  if (a != nullptr && b != nullptr) return a->equals(*b);
  return &left.object() == &right.object();
}

bool less_sequences(const Values& left, const Values& right) {
  for (size_t i = 0; i < std::min(left.size(), right.size()); ++i)
    if (!equals(left[i], right[i])) return is_less(left[i], right[i]);
  return left.size() < right.size();
}

}  // namespace

bool is_hashable(const Value& value) {
  if (value.is_dict() || value.is_list()) return false;
  if (!value.is_tuple()) return true;
  return std::all_of(value.items().begin(), value.items().end(), is_hashable);
}

void check_hashable(const Value& value) {
  if (!is_hashable(value))
    fail(ErrorKind::format,
         "a {} cannot be the key of a dict",
         type_name(value));
}

std::optional<int64_t> length_of(const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_text()) return count_characters(value.text());
  if (value.is_sequence()) return static_cast<int64_t>(value.items().size());
  if (value.is_dict())
    return static_cast<int64_t>(value.dict().entries().size());
  if (value.is_object()) return value.object().length();
  return {};
}

bool is_true(const Value& value) {
  if (value.is_none() || value.is_undefined()) return false;
  if (value.is_whole()) return value.integer() != 0;
  if (value.is_real()) return value.real() != 0;
  if (value.is_text()) return !value.text().empty();
  const auto length = length_of(value);
  return !length || *length != 0;
}

bool equals(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return equal_numbers(left, right);
  if (left.is_text() && right.is_text()) return left.text() == right.text();
  if (left.is_none() || right.is_none())
    return left.is_none() && right.is_none();
  if (left.is_undefined() || right.is_undefined())
    return left.is_undefined() && right.is_undefined();
  if (left.is_sequence() && right.is_sequence())
    return left.is_tuple() == right.is_tuple() &&
           std::equal(left.items().begin(),
                      left.items().end(),
                      right.items().begin(),
                      right.items().end(),
                      equals);
  if (left.is_dict() && right.is_dict())
    return equal_dicts(left.dict(), right.dict());
  if (left.is_object() && right.is_object()) return equal_objects(left, right);
  return false;
}

bool is_less(const Value& left, const Value& right) {
  for (const Value* side : {&left, &right})
    if (side->is_undefined()) fail_undefined(*side);
  if (left.is_whole() && right.is_whole())
    return left.integer() < right.integer();
  if (left.is_number() && right.is_number()) return left.real() < right.real();
  // The order of UTF-8 bytes is the order of code points.
  if (left.is_text() && right.is_text()) return left.text() < right.text();
  if (left.is_sequence() && right.is_sequence() &&
      left.is_tuple() == right.is_tuple())
    return less_sequences(left.items(), right.items());
  fail(ErrorKind::format,
       "there is no order between a {} and a {}",
       type_name(left),
       type_name(right));
}

bool contains(Machine& machine, const Value& container, const Value& item) {
  if (container.is_text()) {
    if (item.is_undefined()) fail_undefined(item);
    if (!item.is_text())
      fail(ErrorKind::format,
           "'in' of a string needs a string, not a {}",
           type_name(item));
    machine.meter.step(1 + static_cast<int64_t>(container.text().size() / 64));
    return container.text().find(item.text()) != std::string::npos;
  }
  if (container.is_dict()) return container.dict().find(item) != nullptr;
  const Cursor next = cursor_of(machine, container);
  while (const auto other = next()) {
    machine.meter.step();
    if (equals(*other, item)) return true;
  }
  return false;
}

}  // namespace lineas::jinja
