// The key/value pairs of a GGUF file. Values stay where they lie in the file's
// bytes and are decoded when asked for: a vocabulary is large, and most keys
// are never looked at. Knows no key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

/// The value types, numbered as in the file.
enum class GgufType : uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64
};

/// A checked value: one, or (is_array) `count` of them one behind the other. A
/// string is 8 bytes of length and its bytes.
struct GgufValue {
  GgufType type = GgufType::u8;  // of the elements
  bool is_array = false;
  uint64_t count = 1;
  std::span<const std::byte> bytes;
};

/// Bytes of one value of that type; 0 for strings and arrays.
size_t size_of(GgufType type);
/// "u32", "string".
std::string_view name_of(GgufType type);

class GgufMetadata {
 public:
  GgufMetadata() = default;
  /// `where` (a path) starts every message.
  explicit GgufMetadata(std::string where) : where_(std::move(where)) {}

  /// False where the key is there already.
  bool add(std::string key, const GgufValue& value);

  bool contains(std::string_view key) const { return find(key) != nullptr; }
  std::vector<std::string> keys() const;
  const std::string& where() const { return where_; }

  /// The value as T: bool, int64_t, double, std::string, or a std::vector of
  /// one of these. A float becomes the shortest decimal number that it rounds
  /// from, as the file it was made from had it. Throws format, naming the key,
  /// where it is missing or of another type.
  template <typename T>
  T require(std::string_view key) const;
  /// The same, or `fallback` where the key is missing.
  template <typename T>
  T value_or(std::string_view key, T fallback) const {
    return contains(key) ? require<T>(key) : fallback;
  }
  /// The value as JSON, whatever it is.
  Json as_json(std::string_view key) const;

 private:
  const GgufValue* find(std::string_view key) const;
  const GgufValue& need(std::string_view key) const;
  [[noreturn]] void refuse(std::string_view key, std::string_view wanted) const;

  std::string where_;
  std::map<std::string, GgufValue, std::less<>> values_;
};

}  // namespace lineas
