// Truth, equality, order and membership as Python has them.
#pragma once

#include "lineas/jinja/value.h"

namespace lineas::jinja {

bool is_true(const Value& value);
bool equals(const Value& left, const Value& right);
/// left < right. Throws format where Python has no order between the two.
bool is_less(const Value& left, const Value& right);
/// `item in container`.
bool contains(Machine& machine, const Value& container, const Value& item);

/// Whether it may be the key of a dict.
bool is_hashable(const Value& value);
/// Throws format where it may not.
void check_hashable(const Value& value);

/// What len() says; nothing for what has none.
std::optional<int64_t> length_of(const Value& value);

}  // namespace lineas::jinja
