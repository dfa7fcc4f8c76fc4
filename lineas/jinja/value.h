// The values of a template: Python's, as far as templates meet them. Nothing
// but a Namespace can change once it is made. Knows no syntax and no filters.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace lineas::jinja {

class Dict;
class Machine;
class Object;
class Value;
using Values = std::vector<Value>;

struct None {};

/// What a name or attribute without a value gives: prints as nothing, and
/// says why it is missing where more is asked of it.
struct Undefined {
  std::shared_ptr<const std::string> why;
};

/// UTF-8. `is_markup`: passed through `safe` or `escape`, which matters where
/// it meets other text.
struct Text {
  std::shared_ptr<const std::string> bytes;
  bool is_markup = false;
};

/// A list or a tuple, with how deep values lie in one another inside it, and
/// about how many bytes it would print.
struct Sequence {
  Values items;
  int depth = 1;
  size_t weight = 0;
  bool is_tuple = false;
};

class Value {
 public:
  Value() : held_(None()) {}
  Value(bool truth) : held_(truth) {}  // NOLINT: reads as the value it is
  static Value of(int64_t number) { return Value(Held(number)); }
  static Value of(double number) { return Value(Held(number)); }
  static Value of(std::string text, bool is_markup = false);
  static Value undefined(std::string why);
  /// Throws resource where the items lie too deep or weigh too much: one value
  /// may lie in another many times.
  static Value list(Values items);
  static Value tuple(Values items);
  static Value of(std::shared_ptr<const Dict> dict) {
    return Value(Held(std::move(dict)));
  }
  static Value of(std::shared_ptr<Object> object) {
    return Value(Held(std::move(object)));
  }

  bool is_none() const { return holds<None>(); }
  bool is_undefined() const { return holds<Undefined>(); }
  bool is_boolean() const { return holds<bool>(); }
  bool is_integer() const { return holds<int64_t>(); }
  bool is_real() const { return holds<double>(); }
  bool is_text() const { return holds<Text>(); }
  bool is_markup() const { return is_text() && get<Text>().is_markup; }
  bool is_sequence() const { return holds<Items>(); }
  bool is_list() const { return is_sequence() && !get<Items>()->is_tuple; }
  bool is_tuple() const { return is_sequence() && get<Items>()->is_tuple; }
  bool is_dict() const { return holds<std::shared_ptr<const Dict>>(); }
  bool is_object() const { return holds<std::shared_ptr<Object>>(); }
  /// An integer or a boolean, which Python counts among them.
  bool is_whole() const { return is_integer() || is_boolean(); }
  bool is_number() const { return is_whole() || is_real(); }

  bool boolean() const { return get<bool>(); }
  int64_t integer() const { return is_boolean() ? boolean() : get<int64_t>(); }
  double real() const {
    return is_real() ? get<double>() : static_cast<double>(integer());
  }
  const std::string& text() const { return *get<Text>().bytes; }
  const std::string& why() const { return *get<Undefined>().why; }
  const Values& items() const { return get<Items>()->items; }
  const Dict& dict() const { return *get<std::shared_ptr<const Dict>>(); }
  Object& object() const { return *get<std::shared_ptr<Object>>(); }
  /// The object as a T, or nullptr.
  template <typename T>
  T* as() const {
    return is_object() ? dynamic_cast<T*>(&object()) : nullptr;
  }

  int depth() const;
  /// About the bytes that printing it takes; what looking at all of it costs.
  size_t weight() const;
  /// True where both are one and the same value (`is sameas`).
  bool is_same(const Value& other) const;

 private:
  using Items = std::shared_ptr<const Sequence>;
  using Held = std::variant<None,
                            bool,
                            int64_t,
                            double,
                            Text,
                            Undefined,
                            Items,
                            std::shared_ptr<const Dict>,
                            std::shared_ptr<Object>>;
  explicit Value(Held held) : held_(std::move(held)) {}
  template <typename T>
  bool holds() const {
    return std::holds_alternative<T>(held_);
  }
  template <typename T>
  const T& get() const {
    return std::get<T>(held_);
  }
  static Value sequence(Values items, bool is_tuple);

  Held held_;
};

/// Keys in the order they came in.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;
  /// A key that is there already keeps its place and gets the new value.
  /// Throws format for a key that Python could not hash.
  void set(const Value& key, Value value);
  const Value* find(const Value& key) const;
  const Value* find(const std::string& key) const;
  const std::vector<Entry>& entries() const { return entries_; }
  int depth() const { return depth_; }
  size_t weight() const { return weight_; }

 private:
  std::optional<size_t> place_of(const Value& key) const;

  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> texts_;  // places of text keys
  int depth_ = 1;
  size_t weight_ = 0;
};

/// Positional and named arguments of a call.
struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// One value after the other; nothing at the end.
using Cursor = std::function<std::optional<Value>()>;

/// Whatever is not plain data: functions, iterators, the loop variable.
class Object {
 public:
  virtual ~Object() = default;
  /// As Python names the type in messages.
  virtual std::string type_name() const = 0;
  virtual int depth() const { return 1; }
  virtual size_t weight() const { return 1; }
  virtual std::optional<Value> attribute(const std::string&) { return {}; }
  virtual bool is_callable() const { return false; }
  virtual Value call(Machine& machine, Arguments& arguments);
  virtual std::optional<int64_t> length() const { return {}; }
  /// Whether it can be gone through; `cursor` does it.
  virtual bool is_iterable() const { return false; }
  virtual Cursor cursor(Machine& machine);
  /// Lets go of what it holds, at the end of a rendering: values that hold one
  /// another would never be freed.
  virtual void release() {}
  /// Python's str() of it; throws unsupported where that shows an address.
  virtual std::string print() const;
};

/// "str", "list", "builtin_function_or_method": Python's name of the type.
std::string type_name(const Value& value);

}  // namespace lineas::jinja
