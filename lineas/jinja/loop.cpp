#include "lineas/jinja/loop.h"

#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/objects.h"

namespace lineas::jinja {

Loop::Loop(Cursor next, std::optional<int64_t> length, int outer, int depth)
    : next_(std::move(next)),
      length_(length),
      nesting_(outer + 1),
      depth_(depth) {}

const std::optional<Value>& Loop::ahead() {
  if (first_waiting_ == waiting_.size()) {
    auto item = next_();
    if (!item) {
      peeked_.reset();
      return peeked_;
    }
    waiting_.push_back(std::move(*item));
  }
  peeked_ = waiting_[first_waiting_];
  return peeked_;
}

std::optional<Value> Loop::advance() {
  std::optional<Value> item;
  if (first_waiting_ < waiting_.size()) {
    item = std::move(waiting_[first_waiting_++]);
    if (first_waiting_ == waiting_.size()) {
      waiting_.clear();
      first_waiting_ = 0;
    }
  } else {
    item = next_();
  }
  ++index_;
  if (!item) return item;
  before_ = std::move(current_);
  current_ = item;
  return item;
}

int64_t Loop::count() {
  if (length_) return *length_;
  while (auto item = next_()) waiting_.push_back(std::move(*item));
  length_ = index_ + 1 + static_cast<int64_t>(waiting_.size()) -
            static_cast<int64_t>(first_waiting_);
  return *length_;
}

Value Loop::cycle(const Arguments& arguments) const {
  if (arguments.positional.empty())
    fail(ErrorKind::format, "loop.cycle() needs items");
  return arguments
      .positional[static_cast<size_t>(index_) % arguments.positional.size()];
}

Value Loop::changed(const Arguments& arguments) {
  const Value now = Value::tuple(arguments.positional);
  if (last_changed_ && equals(*last_changed_, now)) return {false};
  last_changed_ = now;
  return {true};
}

std::optional<Value> Loop::item_attribute(const std::string& name) {
  if (name == "previtem")
    return before_ ? *before_
                   : Value::undefined("there is no item before the first");
  if (name == "nextitem") {
    const auto& next = ahead();
    return next ? *next : Value::undefined("there is no item behind the last");
  }
  if (name == "last") return Value(!ahead());
  // A method lives no longer than the loop, which the rendering keeps.
  if (name == "cycle")
    return Function::make("method", [this](Machine&, Arguments& arguments) {
      return cycle(arguments);
    });
  if (name == "changed")
    return Function::make("method", [this](Machine&, Arguments& arguments) {
      return changed(arguments);
    });
  return {};
}

std::optional<Value> Loop::attribute(const std::string& name) {
  if (name == "index0") return Value::of(index_);
  if (name == "index") return Value::of(index_ + 1);
  if (name == "first") return Value(index_ == 0);
  if (name == "length") return Value::of(count());
  if (name == "revindex") return Value::of(count() - index_);
  if (name == "revindex0") return Value::of(count() - index_ - 1);
  if (name == "depth") return Value::of(int64_t{1});
  if (name == "depth0") return Value::of(int64_t{0});
  return item_attribute(name);
}

void Loop::release() {
  next_ = [] { return std::optional<Value>(); };
  waiting_.clear();
  before_.reset();
  current_.reset();
  peeked_.reset();
  last_changed_.reset();
}

}  // namespace lineas::jinja
