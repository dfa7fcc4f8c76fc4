// The variable `loop` of a for loop: where it is, what comes before and after.
// Looks ahead only when it is asked to, since a loop's items may depend on
// what its body does.
#pragma once

#include <string>

#include "lineas/jinja/machine.h"

namespace lineas::jinja {

class Loop : public Object {
 public:
  /// `length` where the items can be counted without going through them.
  Loop(Cursor next, std::optional<int64_t> length, int outer, int depth);

  /// Goes to the next item; nothing at the end.
  std::optional<Value> advance();
  int nesting() const { return nesting_; }

  std::string type_name() const override { return "LoopContext"; }
  int depth() const override { return depth_; }
  std::optional<Value> attribute(const std::string& name) override;
  void release() override;

 private:
  std::optional<Value> item_attribute(const std::string& name);
  int64_t count();
  const std::optional<Value>& ahead();
  Value cycle(const Arguments& arguments) const;
  Value changed(const Arguments& arguments);

  Cursor next_;
  std::optional<int64_t> length_;
  Values waiting_;  // looked at, not gone to yet
  size_t first_waiting_ = 0;
  std::optional<Value> before_, current_, peeked_, last_changed_;
  int64_t index_ = -1;
  int nesting_;
  int depth_;
};

}  // namespace lineas::jinja
