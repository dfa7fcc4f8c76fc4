// The interpreter's expressions.
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/jinja/attributes.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/filters.h"
#include "lineas/jinja/interpreter.h"
#include "lineas/jinja/operators.h"

namespace lineas::jinja {

using Kind = Expression::Kind;

Value Interpreter::look_up(const std::string& name,
                           const ScopePtr& scope) const {
  for (const Scope* at = scope.get(); at != nullptr; at = at->parent.get()) {
    const auto found = at->names.find(name);
    if (found != at->names.end()) return found->second;
  }
  return Value::undefined(
      fmt::format("\"{}\" is not defined", printable(name, 40)));
}

Value Interpreter::evaluate(const Expression& node, const ScopePtr& scope) {
  if (node.kind == Kind::constant) return node.value;
  const Meter::Level level(machine_.meter);
  machine_.meter.step();
  line_ = node.line;
  return evaluate_node(node, scope);
}

Value Interpreter::evaluate_node(const Expression& node,
                                 const ScopePtr& scope) {
  const auto part = [&](size_t at) { return evaluate(*node.parts[at], scope); };
  switch (node.kind) {
    case Kind::constant:
      return node.value;
    case Kind::name:
      return look_up(node.word, scope);
    case Kind::list:
      return machine_.list(evaluate_all(node.parts, scope));
    case Kind::tuple:
      return machine_.tuple(evaluate_all(node.parts, scope));
    case Kind::dict:
      return make_dict(node, scope);
    case Kind::attribute:
      return get_attribute(machine_, part(0), node.word);
    case Kind::item: {
      const Value value = part(0);
      return get_item(machine_, value, part(1));
    }
    case Kind::slice:
      return slice(node, scope);
    case Kind::call:
      return call(node, scope);
    case Kind::filter:
      return filter(node, part(0), scope);
    case Kind::test: {
      const Value value = part(0);
      const Arguments arguments = arguments_of(node.arguments, scope);
      return {call_test(machine_, node.word, value, arguments)};
    }
    case Kind::negation:
      return {!is_true(part(0))};
    case Kind::unary:
      return signed_value(node.word, part(0));
    case Kind::binary: {
      const Value left = part(0);
      return arithmetic(machine_, node.word, left, part(1));
    }
    case Kind::concat:
      return concat(machine_, evaluate_all(node.parts, scope));
    case Kind::compare:
      return compare(node, scope);
    case Kind::both: {
      Value left = part(0);
      return is_true(left) ? part(1) : left;
    }
    case Kind::either: {
      Value left = part(0);
      return is_true(left) ? left : part(1);
    }
    case Kind::choice:
      return choice(node, scope);
  }
  return {};
}

Values Interpreter::evaluate_all(const std::vector<ExpressionPtr>& nodes,
                                 const ScopePtr& scope) {
  Values values;
  values.reserve(nodes.size());
  for (const auto& node : nodes) values.push_back(evaluate(*node, scope));
  return values;
}

Value Interpreter::make_dict(const Expression& node, const ScopePtr& scope) {
  auto dict = std::make_shared<Dict>();
  machine_.meter.grow((node.parts.size() + 2) * sizeof(Value));
  for (size_t i = 0; i + 1 < node.parts.size(); i += 2) {
    const Value key = evaluate(*node.parts[i], scope);
    dict->set(key, evaluate(*node.parts[i + 1], scope));
  }
  return Value::of(std::shared_ptr<const Dict>(std::move(dict)));
}

Value Interpreter::slice(const Expression& node, const ScopePtr& scope) {
  const Value value = evaluate(*node.parts[0], scope);
  std::array<Value, 3> bounds;
  for (size_t i = 0; i < 3; ++i)
    if (node.parts[i + 1]) bounds[i] = evaluate(*node.parts[i + 1], scope);
  return get_slice(machine_, value, bounds);
}

bool Interpreter::compare_two(const std::string& sign,
                              const Value& left,
                              const Value& right) {
  const size_t weight = std::min(left.weight(), right.weight());
  machine_.meter.step(1 + static_cast<int64_t>(weight / 256));
  if (sign == "==") return equals(left, right);
  if (sign == "!=") return !equals(left, right);
  if (sign == "in") return contains(machine_, right, left);
  if (sign == "not in") return !contains(machine_, right, left);
  if (sign == "<") return is_less(left, right);
  if (sign == ">") return is_less(right, left);
  if (sign == "<=") return is_less(left, right) || equals(left, right);
  return is_less(right, left) || equals(left, right);
}

Value Interpreter::compare(const Expression& node, const ScopePtr& scope) {
  Value left = evaluate(*node.parts[0], scope);
  for (size_t i = 0; i < node.words.size(); ++i) {
    Value right = evaluate(*node.parts[i + 1], scope);
    line_ = node.line;
    if (!compare_two(node.words[i], left, right)) return {false};
    left = std::move(right);
  }
  return {true};
}

Value Interpreter::choice(const Expression& node, const ScopePtr& scope) {
  if (is_true(evaluate(*node.parts[1], scope)))
    return evaluate(*node.parts[0], scope);
  if (node.parts[2]) return evaluate(*node.parts[2], scope);
  return Value::undefined(
      "an \"if\" inside an expression was false and has no "
      "\"else\"");
}

Value Interpreter::filter(const Expression& node,
                          const Value& input,
                          const ScopePtr& scope) {
  const Arguments arguments = arguments_of(node.arguments, scope);
  line_ = node.line;
  return call_filter(machine_, node.word, input, arguments);
}

/// The filters of a filter block, whose innermost input is `input`.
Value Interpreter::filter_chain(const Expression& node,
                                const Value& input,
                                const ScopePtr& scope) {
  if (!node.parts[0]) return filter(node, input, scope);
  return filter(node, filter_chain(*node.parts[0], input, scope), scope);
}

Arguments Interpreter::arguments_of(const CallArguments& given,
                                    const ScopePtr& scope) {
  Arguments arguments;
  arguments.positional = evaluate_all(given.positional, scope);
  for (const auto& [name, node] : given.named)
    arguments.named.emplace_back(name, evaluate(*node, scope));
  if (given.spread)
    for (Value& item : all_items(machine_, evaluate(*given.spread, scope)))
      arguments.positional.push_back(std::move(item));
  if (!given.spread_named) return arguments;
  const Value named = evaluate(*given.spread_named, scope);
  if (!named.is_dict())
    fail(ErrorKind::format, "** needs a dict, not a {}", type_name(named));
  for (const auto& [key, value] : named.dict().entries()) {
    if (!key.is_text())
      fail(ErrorKind::format, "** needs names, not a {}", type_name(key));
    arguments.named.emplace_back(key.text(), value);
  }
  return arguments;
}

Value Interpreter::call(const Expression& node,
                        const ScopePtr& scope,
                        const Value* caller) {
  const Value callee = evaluate(*node.parts[0], scope);
  Arguments arguments = arguments_of(node.arguments, scope);
  if (caller != nullptr) arguments.named.emplace_back("caller", *caller);
  line_ = node.line;
  if (callee.is_undefined()) fail_undefined(callee);
  if (!callee.is_object() || !callee.object().is_callable())
    fail(ErrorKind::format,
         "a value of the type {} is no function",
         type_name(callee));
  Value result = callee.object().call(machine_, arguments);
  line_ = node.line;
  return result;
}

}  // namespace lineas::jinja
