// The templates of json.h: conversions that refuse instead of guessing (a
// float is not an integer, a negative number does not wrap around).
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include "lineas/base/error.h"

namespace lineas::json_detail {

/// object[key], or nullptr where it is absent; `object` must be an object.
const Json* find(const Json& object,
                 std::string_view key,
                 std::string_view where);
[[noreturn]] void fail_type(const Json& value,
                            std::string_view key,
                            std::string_view where,
                            std::string_view wanted);
[[noreturn]] void fail_missing(std::string_view key, std::string_view where);

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

template <std::integral T>
T to_integer(const Json& value, std::string_view key, std::string_view where) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    if (std::in_range<T>(number)) return static_cast<T>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.get<int64_t>();
    if (std::in_range<T>(number)) return static_cast<T>(number);
  }
  fail_type(value,
            key,
            where,
            std::is_unsigned_v<T> ? "a non-negative integer" : "an integer");
}

template <typename T>
T convert(const Json& value, std::string_view key, std::string_view where) {
  if constexpr (std::is_same_v<T, Json>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) fail_type(value, key, where, "true or false");
    return value.get<bool>();
  } else if constexpr (std::integral<T>) {
    return to_integer<T>(value, key, where);
  } else if constexpr (std::floating_point<T>) {
    if (!value.is_number()) fail_type(value, key, where, "a number");
    return value.get<T>();
  } else if constexpr (IsVector<T>::value) {
    if (!value.is_array()) fail_type(value, key, where, "a list");
    T list;
    list.reserve(value.size());
    for (const Json& item : value) {
      list.push_back(convert<typename T::value_type>(item, key, where));
    }
    return list;
  } else {
    static_assert(std::is_same_v<T, std::string>, "no conversion to this type");
    if (!value.is_string()) fail_type(value, key, where, "a string");
    return value.get<std::string>();
  }
}

}  // namespace lineas::json_detail

namespace lineas {

template <typename T>
T require(const Json& object, std::string_view key, std::string_view where) {
  const Json* value = json_detail::find(object, key, where);
  if (value == nullptr) json_detail::fail_missing(key, where);
  return json_detail::convert<T>(*value, key, where);
}

template <typename T>
T value_or(const Json& object,
           std::string_view key,
           std::string_view where,
           T fallback) {
  const Json* value = json_detail::find(object, key, where);
  if (value == nullptr || value->is_null()) return fallback;
  return json_detail::convert<T>(*value, key, where);
}

template <typename T>
T unless_absent(const Json& object,
                std::string_view key,
                std::string_view where,
                T fallback) {
  const Json* value = json_detail::find(object, key, where);
  if (value == nullptr) return fallback;
  return json_detail::convert<T>(*value, key, where);
}

}  // namespace lineas
