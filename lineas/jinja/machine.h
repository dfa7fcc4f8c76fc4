// What runs beside the values while a template renders: the meter, the clock,
// and the ways to make text that is paid for. Knows no syntax.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "lineas/jinja/limits.h"
#include "lineas/jinja/value.h"

namespace lineas::jinja {

/// A moment of the day where the user is, for strftime_now.
struct Moment {
  std::tm time = {};
  int microsecond = 0;
};
Moment local_now();

class Machine {
 public:
  Machine(const Limits& limits, const Moment& moment)
      : meter(limits), now(moment) {}
  ~Machine() {
    for (const auto& object : kept_) object->release();
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// `text` as a value, paid for.
  Value text(std::string text, bool is_markup = false) {
    meter.grow(text.size() + sizeof(Value));
    return Value::of(std::move(text), is_markup);
  }
  Value list(Values items) {
    meter.grow((items.size() + 1) * sizeof(Value));
    return Value::list(std::move(items));
  }
  Value tuple(Values items) {
    meter.grow((items.size() + 1) * sizeof(Value));
    return Value::tuple(std::move(items));
  }

  /// `object` as a value that is released when the rendering is over.
  Value keep(std::shared_ptr<Object> object) {
    meter.grow(sizeof(Value));
    kept_.push_back(object);
    return Value::of(std::move(object));
  }

  Meter meter;
  Moment now;

 private:
  std::vector<std::shared_ptr<Object>> kept_;
};

/// The items of anything that can be gone through; throws format for the rest.
Cursor cursor_of(Machine& machine, const Value& value);
/// All of them, each a step.
Values all_items(Machine& machine, const Value& value);

/// Throws what Python would say of an operation on a value that is missing.
[[noreturn]] void fail_undefined(const Value& value);

}  // namespace lineas::jinja
