// What a pickle may name and call: the inside of pickle.cpp. The list is
// closed: containers, numbers, and the functions that torch.save writes for
// tensors.
#pragma once

#include "lineas/base/error.h"
#include "lineas/tensor/pickle.h"

namespace lineas {

/// Makes the values of one pickle and knows where its reader stands.
class PickleMaker {
 public:
  explicit PickleMaker(std::string_view where) : where_(where) {}

  PickleValue& make(PickleKind kind);
  PickleValue& make_text(PickleKind kind, std::string_view text);
  PickleValue& make_integer(int64_t value);
  void stand_at(size_t byte) { byte_ = byte; }
  std::deque<PickleValue> take() { return std::move(values_); }

  /// Throws a format error that names the file and the byte.
  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format,
                           Args&&... args) const {
    fail(ErrorKind::format,
         "{}: pickle: byte {}: {}",
         where_,
         byte_,
         fmt::format(format, std::forward<Args>(args)...));
  }
  /// Throws unsupported, the same way.
  template <typename... Args>
  [[noreturn]] void decline(fmt::format_string<Args...> format,
                            Args&&... args) const {
    fail(ErrorKind::unsupported,
         "{}: pickle: byte {}: {}",
         where_,
         byte_,
         fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  std::string_view where_;
  size_t byte_ = 0;
  size_t text_ = 0;  // bytes of all texts
  std::deque<PickleValue> values_;
};

/// The class or function module.name; throws unsupported unless it is known.
PickleValue& make_global(PickleMaker& maker,
                         std::string_view module,
                         std::string_view name);

/// What `callee(*arguments)` stands for.
PickleValue& call_global(PickleMaker& maker,
                         const PickleValue& callee,
                         const PickleValue& arguments);

/// Gives an object its state: attributes of a dict are dropped.
void set_state(PickleMaker& maker,
               const PickleValue& object,
               const PickleValue& state);

/// The storage that torch.save's persistent id names.
PickleValue& make_storage(PickleMaker& maker, const PickleValue& id);

}  // namespace lineas
