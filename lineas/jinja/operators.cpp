#include "lineas/jinja/operators.h"

#include <cmath>

#include "lineas/base/error.h"
#include "lineas/jinja/printing.h"

namespace lineas::jinja {
namespace {

[[noreturn]] void refuse(std::string_view sign,
                         const Value& left,
                         const Value& right) {
  fail(ErrorKind::format,
       "\"{}\" does not go between a {} and a {}",
       sign,
       type_name(left),
       type_name(right));
}

[[noreturn]] void refuse_zero() {
  fail(ErrorKind::format, "a division by zero");
}

// By reference: the number is written while the arguments are evaluated.
Value checked(bool overflows, const int64_t& number) {
  if (overflows)
    fail(ErrorKind::unsupported, "an integer of more than 64 bits");
  return Value::of(number);
}

int64_t floor_divide(int64_t left, int64_t right) {
  const int64_t quotient = left / right;
  return quotient - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0);
}

Value whole_power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) refuse_zero();
    return Value::of(
        std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  if (base == 0 || base == 1 || exponent == 0)
    return Value::of(exponent == 0 ? int64_t{1} : base);
  if (base == -1) return Value::of(exponent % 2 == 0 ? int64_t{1} : base);
  int64_t result = 1;
  bool overflows = exponent > 64;
  for (int64_t i = 0; i < exponent && !overflows; ++i)
    overflows = __builtin_mul_overflow(result, base, &result);
  return checked(overflows, result);
}

Value whole_arithmetic(std::string_view sign, int64_t left, int64_t right) {
  int64_t result = 0;
  if (sign == "+")
    return checked(__builtin_add_overflow(left, right, &result), result);
  if (sign == "-")
    return checked(__builtin_sub_overflow(left, right, &result), result);
  if (sign == "*")
    return checked(__builtin_mul_overflow(left, right, &result), result);
  if (sign == "**") return whole_power(left, right);
  if (right == 0) refuse_zero();
  if (sign == "/")
    return Value::of(static_cast<double>(left) / static_cast<double>(right));
  if (right == -1) {  // the one case whose quotient may not fit
    if (sign == "%") return Value::of(int64_t{0});
    return checked(__builtin_sub_overflow(int64_t{0}, left, &result), result);
  }
  const int64_t quotient = floor_divide(left, right);
  return Value::of(sign == "//" ? quotient : left - quotient * right);
}

double real_remainder(double left, double right) {
  const double rest = std::fmod(left, right);
  if (rest != 0 && (rest < 0) != (right < 0)) return rest + right;
  return rest == 0 ? std::copysign(0.0, right) : rest;
}

Value real_arithmetic(std::string_view sign, double left, double right) {
  if (sign == "+") return Value::of(left + right);
  if (sign == "-") return Value::of(left - right);
  if (sign == "*") return Value::of(left * right);
  if (sign == "**") {
    if (left < 0 && right != std::floor(right))
      fail(ErrorKind::unsupported, "a root of a negative number");
    if (left == 0 && right < 0) refuse_zero();
    return Value::of(std::pow(left, right));
  }
  if (right == 0) refuse_zero();
  if (sign == "/") return Value::of(left / right);
  if (sign == "//")
    return Value::of(std::round((left - real_remainder(left, right)) / right));
  return Value::of(real_remainder(left, right));
}

Value repeat(Machine& machine, const Value& value, int64_t count) {
  const size_t times = count > 0 ? static_cast<size_t>(count) : 0;
  const size_t size =
      value.is_text() ? value.text().size() : value.items().size();
  if (size > 0 && times > (size_t{1} << 40) / size) machine.meter.grow(~0UL);
  if (value.is_text()) {
    machine.meter.grow(size * times);
    std::string text;
    text.reserve(size * times);
    for (size_t i = 0; i < times && size > 0; ++i) text += value.text();
    return Value::of(std::move(text), value.is_markup());
  }
  machine.meter.grow(size * times * sizeof(Value));
  Values items;
  for (size_t i = 0; i < times && size > 0; ++i)
    items.insert(items.end(), value.items().begin(), value.items().end());
  return value.is_list() ? Value::list(std::move(items))
                         : Value::tuple(std::move(items));
}

/// Text that meets text marked as safe is escaped.
Value add_texts(Machine& machine, const Value& left, const Value& right) {
  const bool is_markup = left.is_markup() || right.is_markup();
  machine.meter.grow(left.weight() + right.weight());
  std::string text;
  for (const Value* side : {&left, &right})
    text += is_markup && !side->is_markup() ? escape_html(side->text())
                                            : side->text();
  return Value::of(std::move(text), is_markup);
}

Value add(Machine& machine, const Value& left, const Value& right) {
  if (left.is_text() && right.is_text()) return add_texts(machine, left, right);
  if (!left.is_sequence() || !right.is_sequence() ||
      left.is_tuple() != right.is_tuple())
    refuse("+", left, right);
  machine.meter.grow((left.items().size() + right.items().size()) *
                     sizeof(Value));
  Values items = left.items();
  items.insert(items.end(), right.items().begin(), right.items().end());
  return left.is_list() ? Value::list(std::move(items))
                        : Value::tuple(std::move(items));
}

}  // namespace

Value arithmetic(Machine& machine,
                 std::string_view sign,
                 const Value& left,
                 const Value& right) {
  if (sign == "%" && left.is_text()) {
    if (left.is_markup())
      fail(ErrorKind::unsupported, "% behind a string marked as safe");
    return percent_format(machine, left.text(), right);
  }
  for (const Value* side : {&left, &right})
    if (side->is_undefined()) fail_undefined(*side);
  if (left.is_whole() && right.is_whole())
    return whole_arithmetic(sign, left.integer(), right.integer());
  if (left.is_number() && right.is_number())
    return real_arithmetic(sign, left.real(), right.real());
  if (sign == "+") return add(machine, left, right);
  const bool left_repeats = left.is_text() || left.is_sequence();
  const bool right_repeats = right.is_text() || right.is_sequence();
  if (sign == "*" && left_repeats && right.is_whole())
    return repeat(machine, left, right.integer());
  if (sign == "*" && right_repeats && left.is_whole())
    return repeat(machine, right, left.integer());
  refuse(sign, left, right);
}

Value signed_value(std::string_view sign, const Value& value) {
  if (value.is_undefined()) fail_undefined(value);
  if (value.is_real())
    return Value::of(sign == "-" ? -value.real() : value.real());
  if (!value.is_whole())
    fail(ErrorKind::format,
         "\"{}\" does not go in front of a {}",
         sign,
         type_name(value));
  if (sign == "+") return Value::of(value.integer());
  int64_t result = 0;
  return checked(__builtin_sub_overflow(int64_t{0}, value.integer(), &result),
                 result);
}

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value concat(Machine& machine, const Values& values) {
  std::string text;
  for (const Value& value : values) {
    machine.meter.grow(value.weight());
    if (value.is_text())
      text += value.text();
    else
      text += str(value);
  }
  return Value::of(std::move(text));
}

}  // namespace lineas::jinja
