#include "lineas/base/gguf_metadata.h"

#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <type_traits>

#include "lineas/base/error.h"

namespace lineas {
namespace {

struct TypeInfo {
  std::string_view name;
  size_t size;
};
constexpr std::array<TypeInfo, 13> kTypes = {{{"u8", 1},
                                              {"i8", 1},
                                              {"u16", 2},
                                              {"i16", 2},
                                              {"u32", 4},
                                              {"i32", 4},
                                              {"f32", 4},
                                              {"bool", 1},
                                              {"string", 0},
                                              {"array", 0},
                                              {"u64", 8},
                                              {"i64", 8},
                                              {"f64", 8}}};

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

/// The double whose shortest spelling is that of `value`: 1e-5f is 1e-5.
double as_written(float value) {
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double number = value;  // what inf and nan stay
  std::from_chars(text.data(), end, number);
  return number;
}

/// One value at `at` as T, or false where the type is another.
bool decode(GgufType type, const std::byte* at, bool& value) {
  if (type != GgufType::boolean) return false;
  value = load<uint8_t>(at) != 0;
  return true;
}

bool decode(GgufType type, const std::byte* at, int64_t& value) {
  switch (type) {
    case GgufType::u8:
      value = load<uint8_t>(at);
      return true;
    case GgufType::i8:
      value = load<int8_t>(at);
      return true;
    case GgufType::u16:
      value = load<uint16_t>(at);
      return true;
    case GgufType::i16:
      value = load<int16_t>(at);
      return true;
    case GgufType::u32:
      value = load<uint32_t>(at);
      return true;
    case GgufType::i32:
      value = load<int32_t>(at);
      return true;
    case GgufType::i64:
      value = load<int64_t>(at);
      return true;
    case GgufType::u64: {
      const auto number = load<uint64_t>(at);
      value = static_cast<int64_t>(number);
      return number <= std::numeric_limits<int64_t>::max();
    }
    default:
      return false;
  }
}

bool decode(GgufType type, const std::byte* at, double& value) {
  if (type == GgufType::f32) {
    value = as_written(load<float>(at));
    return true;
  }
  if (type == GgufType::f64) {
    value = load<double>(at);
    return true;
  }
  int64_t whole = 0;
  if (!decode(type, at, whole)) return false;
  value = static_cast<double>(whole);
  return true;
}

bool decode(GgufType type, const std::byte* at, std::string& value) {
  if (type != GgufType::string) return false;
  const auto length = load<uint64_t>(at);
  value.assign(reinterpret_cast<const char*>(at) + sizeof(uint64_t),
               static_cast<size_t>(length));
  return true;
}

/// Where the value behind the one at `at` lies.
const std::byte* next(GgufType type, const std::byte* at) {
  if (type != GgufType::string) return at + size_of(type);
  return at + sizeof(uint64_t) + load<uint64_t>(at);
}

template <typename T>
struct Element {
  using type = T;
  static constexpr bool is_list = false;
};
template <typename T>
struct Element<std::vector<T>> {
  using type = T;
  static constexpr bool is_list = true;
};

template <typename T>
constexpr std::string_view wanted_name() {
  if constexpr (std::is_same_v<T, bool>) return "bool";
  if constexpr (std::is_same_v<T, int64_t>) return "integer";
  if constexpr (std::is_same_v<T, double>) return "number";
  return "string";
}

}  // namespace

size_t size_of(GgufType type) {
  return kTypes.at(static_cast<size_t>(type)).size;
}

std::string_view name_of(GgufType type) {
  return kTypes.at(static_cast<size_t>(type)).name;
}

bool GgufMetadata::add(std::string key, const GgufValue& value) {
  return values_.emplace(std::move(key), value).second;
}

std::vector<std::string> GgufMetadata::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : values_) keys.push_back(key);
  return keys;
}

const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

const GgufValue& GgufMetadata::need(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr)
    fail(ErrorKind::format, "{}: has no key \"{}\"", where_, key);
  return *value;
}

void GgufMetadata::refuse(std::string_view key, std::string_view wanted) const {
  const GgufValue& value = need(key);
  fail(ErrorKind::format,
       "{}: key \"{}\" holds {}{}, {} is needed",
       where_,
       key,
       value.is_array ? "a list of " : "",
       name_of(value.type),
       wanted);
}

template <typename T>
T GgufMetadata::require(std::string_view key) const {
  using Item = typename Element<T>::type;
  constexpr bool is_list = Element<T>::is_list;
  const GgufValue& value = need(key);
  const std::string wanted =
      fmt::format("{}{}", is_list ? "a list of " : "", wanted_name<Item>());
  if (value.is_array != is_list) refuse(key, wanted);
  const std::byte* at = value.bytes.data();
  if constexpr (!is_list) {
    T item{};
    if (!decode(value.type, at, item)) refuse(key, wanted);
    return item;
  } else {
    T items;
    items.reserve(static_cast<size_t>(value.count));  // checked: they are there
    for (uint64_t i = 0; i < value.count; ++i) {
      Item item{};
      if (!decode(value.type, at, item)) refuse(key, wanted);
      items.push_back(std::move(item));
      at = next(value.type, at);
    }
    return items;
  }
}

template bool GgufMetadata::require(std::string_view) const;
template int64_t GgufMetadata::require(std::string_view) const;
template double GgufMetadata::require(std::string_view) const;
template std::string GgufMetadata::require(std::string_view) const;
template std::vector<bool> GgufMetadata::require(std::string_view) const;
template std::vector<int64_t> GgufMetadata::require(std::string_view) const;
template std::vector<double> GgufMetadata::require(std::string_view) const;
template std::vector<std::string> GgufMetadata::require(std::string_view) const;

Json GgufMetadata::as_json(std::string_view key) const {
  const GgufValue& value = need(key);
  const auto read = [&]<typename T>(T) -> Json {
    return value.is_array ? Json(require<std::vector<T>>(key))
                          : Json(require<T>(key));
  };
  switch (value.type) {
    case GgufType::boolean:
      return read(bool());
    case GgufType::string:
      return read(std::string());
    case GgufType::f32:
    case GgufType::f64:
      return read(double());
    default:
      return read(int64_t());
  }
}

}  // namespace lineas
