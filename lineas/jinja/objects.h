// The objects of templates that are no plain data: functions, iterators,
// ranges, the views of a dict, namespaces. Knows no syntax.
#pragma once

#include <string>
#include <unordered_map>

#include "lineas/jinja/machine.h"
#include "lineas/jinja/value.h"

namespace lineas::jinja {

/// A function of ours: a global one, a method bound to its value, ...
class Function : public Object {
 public:
  using Body = std::function<Value(Machine&, Arguments&)>;
  /// `depth`: of the deepest value that the body holds.
  Function(std::string type, Body body, int depth = 0);
  static Value make(std::string type, Body body, int depth = 0);

  std::string type_name() const override { return type_; }
  int depth() const override { return depth_; }
  bool is_callable() const override { return true; }
  Value call(Machine& machine, Arguments& arguments) override {
    return body_(machine, arguments);
  }

 private:
  std::string type_;
  Body body_;
  int depth_;
};

/// What can be gone through once (the answer of `map`, `select`, ...).
class Iterator : public Object {
 public:
  Iterator(Cursor next, int depth);
  static Value make(Cursor next, int depth);
  /// The same over items that are there.
  static Value over(Values items);

  std::string type_name() const override { return "generator"; }
  int depth() const override { return depth_; }
  bool is_iterable() const override { return true; }
  Cursor cursor(Machine&) override { return next_; }

 private:
  Cursor next_;
  int depth_;
};

class Range : public Object {
 public:
  Range(int64_t start, int64_t stop, int64_t step);
  std::string type_name() const override { return "range"; }
  std::optional<int64_t> length() const override { return length_; }
  bool is_iterable() const override { return true; }
  Cursor cursor(Machine&) override;
  std::string print() const override;
  Value at(int64_t index) const { return Value::of(start_ + index * step_); }
  bool equals(const Range& other) const;

 private:
  int64_t start_, stop_, step_, length_;
};

/// dict.keys(), .values() or .items().
class DictView : public Object {
 public:
  enum class What { keys, values, items };
  DictView(Value dict, What what) : dict_(std::move(dict)), what_(what) {}
  std::string type_name() const override;
  int depth() const override { return dict_.depth() + 2; }
  size_t weight() const override { return dict_.weight(); }
  std::optional<int64_t> length() const override;
  bool is_iterable() const override { return true; }
  Cursor cursor(Machine&) override;
  std::string print() const override;
  Value at(size_t index) const;

 private:
  Value dict_;
  What what_;
};

/// namespace(): the one value whose attributes a template may set.
class Namespace : public Object {
 public:
  std::string type_name() const override { return "Namespace"; }
  std::optional<Value> attribute(const std::string& name) override;
  void set(const std::string& name, Value value) {
    values_[name] = std::move(value);
  }
  void release() override { values_.clear(); }

 private:
  std::unordered_map<std::string, Value> values_;
};

}  // namespace lineas::jinja
