// A GGUF file's metadata on its way to a config.json: what was read is marked,
// so that at the end no key that changes numbers is left over unseen.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "lineas/base/json.h"
#include "lineas/tensor/gguf_file.h"

namespace lineas {

class GgufReading {
 public:
  GgufReading(const GgufFile& file, std::string architecture)
      : file_(file), prefix_(std::move(architecture) + ".") {}

  /// What stands for config.json.
  Json config = Json::object();

  const GgufFile& file() const { return file_; }
  /// "<architecture>.key" of the metadata, marked as read.
  bool has(std::string_view key);
  bool was_read(std::string_view key) const;
  template <typename T>
  T take(std::string_view key) {
    return file_.metadata().require<T>(mark(key));
  }
  template <typename T>
  T take_or(std::string_view key, T fallback) {
    return has(key) ? take<T>(key) : fallback;
  }
  Json take_json(std::string_view key) {
    return file_.metadata().as_json(mark(key));
  }

  /// A number already in config, for what is computed from it.
  int64_t size(const char* name) const;

  /// Throws unsupported for that key: `why` says what is wrong with it.
  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;
  /// Throws unsupported naming the first key of the architecture that nobody
  /// read.
  void check_all_read() const;

 private:
  std::string mark(std::string_view key);

  const GgufFile& file_;
  std::string prefix_;
  std::set<std::string> read_;
};

}  // namespace lineas
