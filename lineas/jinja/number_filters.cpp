// Filters that make or change numbers.
#include <cmath>
#include <limits>

#include "lineas/base/error.h"
#include "lineas/base/numbers.h"
#include "lineas/jinja/arguments.h"
#include "lineas/jinja/characters.h"
#include "lineas/jinja/filters.h"
#include "lineas/jinja/literals.h"
#include "lineas/jinja/operators.h"

namespace lineas::jinja {
namespace {

std::string stripped(const std::string& text) {
  return std::string(strip_back(strip_front(text, is_space), is_space));
}

/// Digits with single underscores between them, as int() and float() take.
std::optional<std::string> without_gaps(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto is_digit = [&](size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '9';
    };
    if (text[i] != '_')
      out += text[i];
    else if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1))
      return {};
  }
  return out;
}

/// float(text), or nothing where Python raises ValueError.
std::optional<double> parse_real(const std::string& text) {
  auto digits = without_gaps(stripped(text));
  if (!digits) return {};
  if (digits->starts_with('+') && digits->size() > 1 && (*digits)[1] != '-')
    digits->erase(0, 1);
  const std::string bare =
      to_lower(digits->starts_with('-') ? digits->substr(1) : *digits);
  const bool is_negative = digits->starts_with('-');
  if (bare == "inf" || bare == "infinity" || bare == "nan") {
    const double number = bare == "nan"
                              ? std::numeric_limits<double>::quiet_NaN()
                              : std::numeric_limits<double>::infinity();
    return is_negative ? -number : number;
  }
  if (bare.empty() || bare.find_first_not_of("0123456789.e+-") != bare.npos)
    return {};
  const auto number = parse_number<double>(bare);
  if (!number) return {};
  return is_negative ? -*number : *number;
}

/// int(text, base 10), or nothing.
std::optional<Value> parse_whole(const std::string& text) {
  auto digits = without_gaps(stripped(text));
  if (!digits) return {};
  const size_t sign =
      digits->starts_with('+') || digits->starts_with('-') ? 1 : 0;
  if (digits->size() == sign ||
      digits->find_first_not_of("0123456789", sign) != digits->npos)
    return {};
  if (digits->starts_with('+')) digits->erase(0, 1);
  const auto number = parse_number<int64_t>(*digits);
  if (!number) fail(ErrorKind::unsupported, "an integer of more than 64 bits");
  return Value::of(*number);
}

std::optional<Value> truncated(double number) {
  if (!std::isfinite(number)) return {};
  if (std::abs(number) >= 9.2e18)
    fail(ErrorKind::unsupported, "an integer of more than 64 bits");
  return Value::of(static_cast<int64_t>(number));
}

Value to_int(Machine&, const Value& value, const Arguments& arguments) {
  const Bound given = bind("the filter int", arguments, {"default", "base"});
  const Value fallback = given.get(0, Value::of(int64_t{0}));
  if (value.is_undefined()) fail_undefined(value);
  if (value.is_whole()) return Value::of(value.integer());
  if (value.is_real()) return truncated(value.real()).value_or(fallback);
  if (!value.is_text()) return fallback;
  if (given.whole(1, 10) != 10)
    fail(ErrorKind::unsupported, "the filter int with a base");
  if (auto number = parse_whole(value.text())) return *number;
  const auto real = parse_real(value.text());
  return real ? truncated(*real).value_or(fallback) : fallback;
}

Value to_float(Machine&, const Value& value, const Arguments& arguments) {
  const Bound given = bind("the filter float", arguments, {"default"});
  const Value fallback = given.get(0, Value::of(0.0));
  if (value.is_undefined()) fail_undefined(value);
  if (value.is_number()) return Value::of(value.real());
  if (!value.is_text()) return fallback;
  const auto real = parse_real(value.text());
  return real ? Value::of(*real) : fallback;
}

Value absolute(Machine&, const Value& value, const Arguments& arguments) {
  bind("the filter abs", arguments, {});
  if (value.is_real()) return Value::of(std::abs(value.real()));
  if (!value.is_number()) return signed_value("+", value);  // throws
  return signed_value(value.integer() < 0 ? "-" : "+", value);
}

/// Python's round(): the decimal number nearest to the exact value, an even
/// last digit where two are.
double round_real(double number, int64_t precision) {
  if (!std::isfinite(number) || precision > 300) return number;
  if (precision == 0) return std::nearbyint(number);
  if (precision < -300) return std::copysign(0.0, number);
  if (precision < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(number / unit) * unit;
  }
  return *parse_number<double>(fmt::format("{:.{}f}", number, precision));
}

Value round_whole(int64_t number, int64_t precision) {
  if (precision >= 0) return Value::of(number);
  fail(ErrorKind::unsupported, "rounding an integer to tens, hundreds, ...");
}

Value round(Machine&, const Value& value, const Arguments& arguments) {
  const Bound given =
      bind("the filter round", arguments, {"precision", "method"});
  const int64_t precision = given.whole(0, 0);
  const std::string method = given.has(1) ? given.text(1) : "common";
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_number())
    fail(ErrorKind::format,
         "the filter round needs a number, not a {}",
         value.is_text() ? "string" : "value of another type");
  if (method == "common")
    return value.is_whole() ? round_whole(value.integer(), precision)
                            : Value::of(round_real(value.real(), precision));
  if (method != "ceil" && method != "floor")
    fail(ErrorKind::format,
         "the filter round has the methods common, ceil and floor");
  const double unit = std::pow(10.0, static_cast<double>(precision));
  const double scaled = value.real() * unit;
  return Value::of((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) /
                   unit);
}

}  // namespace

void add_number_filters(FilterTable& table) {
  table.insert({{"int", to_int},
                {"float", to_float},
                {"abs", absolute},
                {"round", round}});
}

}  // namespace lineas::jinja
