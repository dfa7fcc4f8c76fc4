// GGUF files put together in a test, byte by byte: good ones and lying ones.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace lineas::testing {

/// A number as it lies in the file.
template <typename T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

/// Length and bytes.
inline std::string counted(std::string_view text) {
  return little<uint64_t>(text.size()) + std::string(text);
}

class GgufBuilder {
 public:
  std::string magic = "GGUF";
  uint32_t version = 3;
  uint64_t alignment = 32;
  /// What the counts claim beyond what is there.
  uint64_t more_tensors = 0, more_keys = 0;

  /// A pair with any value type and bytes.
  GgufBuilder& raw(std::string_view key,
                   uint32_t type,
                   std::string_view bytes) {
    pairs_ += counted(key) + little(type) + std::string(bytes);
    ++key_count_;
    return *this;
  }
  GgufBuilder& text(std::string_view key, std::string_view value) {
    return raw(key, 8, counted(value));
  }
  GgufBuilder& u32(std::string_view key, uint32_t value) {
    return raw(key, 4, little(value));
  }
  GgufBuilder& f32(std::string_view key, float value) {
    return raw(key, 6, little(value));
  }
  GgufBuilder& flag(std::string_view key, bool value) {
    return raw(key, 7, std::string(1, value ? '\1' : '\0'));
  }
  GgufBuilder& texts(std::string_view key,
                     const std::vector<std::string>& values) {
    std::string bytes = little<uint32_t>(8) + little<uint64_t>(values.size());
    for (const std::string& value : values) bytes += counted(value);
    return raw(key, 9, bytes);
  }
  GgufBuilder& i32s(std::string_view key, const std::vector<int32_t>& values) {
    return list(key, 5, values);
  }
  GgufBuilder& f32s(std::string_view key, const std::vector<float>& values) {
    return list(key, 6, values);
  }

  /// `shape` as tensor libraries have it; the file lists it backwards.
  GgufBuilder& tensor(std::string_view name,
                      const std::vector<uint64_t>& shape,
                      uint32_t type,
                      std::string_view bytes) {
    data_.resize((data_.size() + alignment - 1) / alignment * alignment, '\0');
    describe(name, shape, type, data_.size());
    data_ += bytes;
    return *this;
  }
  /// A tensor of float32, the same number everywhere.
  GgufBuilder& filled(std::string_view name,
                      const std::vector<uint64_t>& shape,
                      float value = 0) {
    uint64_t count = 1;
    for (const uint64_t size : shape) count *= size;
    std::string bytes;
    for (uint64_t i = 0; i < count; ++i) bytes += little(value);
    return tensor(name, shape, 0, bytes);
  }
  /// Only the description, at any offset.
  GgufBuilder& describe(std::string_view name,
                        const std::vector<uint64_t>& shape,
                        uint32_t type,
                        uint64_t offset) {
    tensors_ += counted(name) + little<uint32_t>(shape.size());
    for (size_t i = shape.size(); i-- > 0;) tensors_ += little(shape[i]);
    tensors_ += little(type) + little(offset);
    ++tensor_count_;
    return *this;
  }

  std::string bytes() const {
    std::string file = magic + little(version) +
                       little(tensor_count_ + more_tensors) +
                       little(key_count_ + more_keys) + pairs_ + tensors_;
    if (!data_.empty())
      file.resize((file.size() + alignment - 1) / alignment * alignment, '\0');
    return file + data_;
  }

 private:
  template <typename T>
  GgufBuilder& list(std::string_view key,
                    uint32_t type,
                    const std::vector<T>& values) {
    std::string bytes = little(type) + little<uint64_t>(values.size());
    for (const T value : values) bytes += little(value);
    return raw(key, 9, bytes);
  }

  std::string pairs_, tensors_, data_;
  uint64_t key_count_ = 0, tensor_count_ = 0;
};

}  // namespace lineas::testing
