// config.json of a pipeline's component, read field by field: what the file
// leaves out, or sets to null, has the default of its class. Needs no LibTorch,
// so that the fuzzer reaches it.
#pragma once

#include <string>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

class ConfigFields {
 public:
  /// `defaults`: the arguments of the class's __init__ that change numbers, as
  /// a JSON object. Throws format where the config is not an object.
  ConfigFields(const Json& config,
               const char* defaults,
               const std::string& where);

  const std::string& where() const { return where_; }
  bool is_null(const std::string& key) const;
  /// A positive integer below 2^31; throws format naming file and field.
  int64_t size(const std::string& key) const;
  int64_t integer(const std::string& key) const;
  /// A finite number above 0.
  double positive(const std::string& key) const;
  /// Any finite number.
  double number(const std::string& key) const;
  /// An odd size: of a kernel that has a middle.
  int64_t odd(const std::string& key) const;
  bool flag(const std::string& key) const;
  std::string text(const std::string& key) const;
  /// A list of positive integers.
  std::vector<int64_t> sizes(const std::string& key) const;
  /// A list of whole numbers from 0 to 1000: how often something is there.
  std::vector<int64_t> counts(const std::string& key) const;
  /// A list of anything.
  template <typename T>
  std::vector<T> list(const std::string& key) const {
    return require<std::vector<T>>(whole_, key, where_);
  }
  /// The field as it is there, null included.
  const Json& value(const std::string& key) const { return whole_.at(key); }

  /// A second name of a field, which wins as in transformers' attribute_map.
  /// Throws format where both are there and differ.
  void other_name(const std::string& other, const std::string& key);
  /// As diffusers: a warning for fields that the class does not know.
  void warn_of_unknown() const;

 private:
  int64_t checked_size(const std::string& key, int64_t size) const;

  Json given_, known_, whole_;
  std::string where_;
};

}  // namespace lineas
