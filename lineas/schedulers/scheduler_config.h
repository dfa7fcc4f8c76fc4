// A scheduler_config.json completed with the defaults of its class, and read
// with care: every failure names the field. Knows no class.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineas/base/error.h"
#include "lineas/base/json.h"

namespace lineas {

/// Keys that `defaults` has are the class's own; the others are ignored but for
/// `of_any_class`.
class SchedulerConfig {
 public:
  SchedulerConfig(const Json& config,
                  const Json& defaults,
                  const std::string& where);

  const std::string& where() const { return where_; }
  bool has(const std::string& key) const { return values_.contains(key); }
  void set(const std::string& key, const std::string& value) {
    values_[key] = value;
  }

  /// null is false, as in Python.
  bool flag(const std::string& key) const;
  /// null is the default of the class; where that is null too, nothing.
  double number(const std::string& key) const;
  std::optional<double> optional_number(const std::string& key) const;
  /// Throws format below `least` or above `most`.
  int64_t integer(const std::string& key, int64_t least, int64_t most) const;
  std::string text(const std::string& key) const;
  std::optional<std::string> optional_text(const std::string& key) const;
  std::optional<std::vector<double>> list(const std::string& key) const;
  /// The text, one of those; throws unsupported with all of them.
  std::string choice(const std::string& key,
                     std::initializer_list<const char*> known) const;
  /// Throws unsupported where the flag is true.
  void refuse_flag(const std::string& key) const;
  /// A number of the config whatever the class: diffusers keeps such keys and
  /// looks some of them up.
  std::optional<double> of_any_class(const std::string& key) const;

  template <typename... Args>
  [[noreturn]] void fail_field(ErrorKind kind,
                               std::string_view key,
                               fmt::format_string<Args...> format,
                               Args&&... args) const {
    fail(kind,
         "{}: \"{}\" {}",
         where_,
         key,
         fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  const Json& value(const std::string& key) const;

  Json raw_;
  Json defaults_;
  Json values_;
  std::string where_;
};

}  // namespace lineas
