// The interpreter's statements.
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/jinja/compare.h"
#include "lineas/jinja/globals.h"
#include "lineas/jinja/interpreter.h"
#include "lineas/jinja/loop.h"
#include "lineas/jinja/objects.h"
#include "lineas/jinja/printing.h"

namespace lineas::jinja {

using Kind = Statement::Kind;

namespace {

ScopePtr inside(const ScopePtr& scope) {
  auto inner = std::make_shared<Scope>();
  inner->parent = scope;
  return inner;
}

/// A macro with the scope it was made in.
class Macro : public Object {
 public:
  Macro(Interpreter& interpreter, const MacroParts& parts, ScopePtr scope)
      : interpreter_(interpreter), parts_(parts), scope_(std::move(scope)) {}
  std::string type_name() const override { return "Macro"; }
  bool is_callable() const override { return true; }
  std::optional<Value> attribute(const std::string& name) override {
    if (name == "name") return Value::of(parts_.name);
    return {};
  }
  Value call(Machine&, Arguments& arguments) override {
    return interpreter_.call_macro(parts_, scope_, arguments);
  }

 private:
  Interpreter& interpreter_;
  const MacroParts& parts_;
  ScopePtr scope_;
};

}  // namespace

Interpreter::Interpreter(Machine& machine,
                         std::unordered_map<std::string, Value> variables)
    : machine_(machine), root_(std::make_shared<Scope>()) {
  root_->names = global_functions();
  for (auto& [name, value] : variables)
    root_->names.insert_or_assign(name, std::move(value));
}

Interpreter::~Interpreter() {
  for (const ScopePtr& scope : kept_) scope->names.clear();
  root_->names.clear();
}

std::string Interpreter::render(const Block& block) {
  std::string out;
  run(block, inside(root_), out);
  return out;
}

Interpreter::Flow Interpreter::run(const Block& block,
                                   const ScopePtr& scope,
                                   std::string& out) {
  for (const auto& statement : block) {
    const Flow flow = run(*statement, scope, out);
    if (flow != Flow::on) return flow;
  }
  return Flow::on;
}

Interpreter::Flow Interpreter::run(const Statement& statement,
                                   const ScopePtr& scope,
                                   std::string& out) {
  const Meter::Level level(machine_.meter);
  machine_.meter.step();
  line_ = statement.line;
  switch (statement.kind) {
    case Kind::text:
      machine_.meter.grow(statement.word.size());
      out += statement.word;
      return Flow::on;
    case Kind::print:
      print(evaluate(*statement.value, scope), out);
      return Flow::on;
    case Kind::condition:
      return run_condition(statement, scope, out);
    case Kind::loop:
      return run_loop(statement, scope, out);
    case Kind::set:
      assign(*statement.target, evaluate(*statement.value, scope), scope);
      return Flow::on;
    case Kind::set_block:
      run_set_block(statement, scope);
      return Flow::on;
    case Kind::with:
      run_with(statement, scope, out);
      return Flow::on;
    case Kind::macro:
      scope->names.insert_or_assign(statement.macro->name,
                                    macro_value(*statement.macro, scope));
      return Flow::on;
    case Kind::call_block:
      run_call_block(statement, scope, out);
      return Flow::on;
    case Kind::filter_block:
      print(filter_chain(
                *statement.value, block_text(statement.body, scope), scope),
            out);
      return Flow::on;
    case Kind::generation:
      return run(statement.body, inside(scope), out);
    case Kind::leave:
      return Flow::leave;
    case Kind::skip:
      return Flow::skip;
  }
  return Flow::on;
}

void Interpreter::print(const Value& value, std::string& out) {
  machine_.meter.grow(value.weight());
  out += str(value);
}

Value Interpreter::block_text(const Block& block, const ScopePtr& scope) {
  std::string text;
  run(block, inside(scope), text);
  return machine_.text(std::move(text));
}

Interpreter::Flow Interpreter::run_condition(const Statement& statement,
                                             const ScopePtr& scope,
                                             std::string& out) {
  for (const auto& [test, block] : statement.branches)
    if (!test || is_true(evaluate(*test, scope))) return run(block, scope, out);
  return Flow::on;
}

/// The items of a loop for which its `if` holds.
Cursor Interpreter::chosen_items(const Statement& loop, const ScopePtr& scope) {
  Cursor next = cursor_of(machine_, evaluate(*loop.value, scope));
  if (!loop.test) return next;
  return
      [this, &loop, scope, next = std::move(next)]() -> std::optional<Value> {
        while (auto item = next()) {
          machine_.meter.step();
          const ScopePtr inner = inside(scope);
          assign(*loop.target, *item, inner);
          if (is_true(evaluate(*loop.test, inner))) return item;
        }
        return {};
      };
}

Interpreter::Flow Interpreter::run_loop(const Statement& statement,
                                        const ScopePtr& scope,
                                        std::string& out) {
  Cursor next;
  std::optional<int64_t> length;
  int depth = 1;
  if (statement.test) {
    next = chosen_items(statement, scope);
  } else {
    const Value items = evaluate(*statement.value, scope);
    length = length_of(items);
    depth = items.depth() + 1;
    next = cursor_of(machine_, items);
  }
  const auto loop = std::make_shared<Loop>(std::move(next), length, 0, depth);
  const Value variable = machine_.keep(loop);
  bool is_empty = true;
  while (const auto item = loop->advance()) {
    is_empty = false;
    machine_.meter.step();
    const ScopePtr inner = inside(scope);
    inner->names.emplace("loop", variable);
    assign(*statement.target, *item, inner);
    const Flow flow = run(statement.body, inner, out);
    if (flow == Flow::leave) break;
  }
  if (!is_empty) return Flow::on;
  return run(statement.otherwise, inside(scope), out);
}

void Interpreter::run_set_block(const Statement& statement,
                                const ScopePtr& scope) {
  Value text = block_text(statement.body, scope);
  if (statement.value) text = filter_chain(*statement.value, text, scope);
  assign(*statement.target, std::move(text), scope);
}

void Interpreter::run_with(const Statement& statement,
                           const ScopePtr& scope,
                           std::string& out) {
  const ScopePtr inner = inside(scope);
  Values values = evaluate_all(statement.values, scope);
  for (size_t i = 0; i < values.size(); ++i)
    assign(*statement.targets[i], std::move(values[i]), inner);
  run(statement.body, inner, out);
}

void Interpreter::run_call_block(const Statement& statement,
                                 const ScopePtr& scope,
                                 std::string& out) {
  const Value caller = macro_value(*statement.macro, scope);
  print(call(*statement.value, scope, &caller), out);
}

Value Interpreter::macro_value(const MacroParts& macro, const ScopePtr& scope) {
  // The scope holds the macro, and the macro the scope.
  machine_.meter.grow(sizeof(Scope));
  kept_.push_back(scope);
  return Value::of(
      std::shared_ptr<Object>(std::make_shared<Macro>(*this, macro, scope)));
}

void Interpreter::assign(const Expression& target,
                         Value value,
                         const ScopePtr& scope) {
  if (target.kind == Expression::Kind::name) {
    machine_.meter.grow(sizeof(Value));
    scope->names.insert_or_assign(target.word, std::move(value));
    return;
  }
  if (target.kind == Expression::Kind::attribute) {
    assign_attribute(target, std::move(value), scope);
    return;
  }
  const Values items = all_items(machine_, value);
  if (items.size() != target.parts.size())
    fail(ErrorKind::format,
         "{} names are to be set, there are {} values",
         target.parts.size(),
         items.size());
  for (size_t i = 0; i < items.size(); ++i)
    assign(*target.parts[i], items[i], scope);
}

void Interpreter::assign_attribute(const Expression& target,
                                   Value value,
                                   const ScopePtr& scope) {
  const Value owner = evaluate(*target.parts[0], scope);
  auto* names = owner.as<Namespace>();
  if (names == nullptr)
    fail(ErrorKind::format,
         "an attribute can be set of a namespace only, \"{}\" is a {}",
         target.parts[0]->word,
         type_name(owner));
  machine_.meter.grow(sizeof(Value));
  names->set(target.word, std::move(value));
}

Value Interpreter::call_macro(const MacroParts& macro,
                              const ScopePtr& outer,
                              Arguments& arguments) {
  const Meter::Level level(machine_.meter);
  machine_.meter.step();
  const ScopePtr scope = inside(outer);
  bind_macro(macro, scope, arguments);
  std::string text;
  run(macro.body, scope, text);
  return machine_.text(std::move(text));
}

/// The special names of a macro, then its parameters.
void Interpreter::bind_macro(const MacroParts& macro,
                             const ScopePtr& scope,
                             Arguments& arguments) {
  const auto take = [&](const std::string& name) -> std::optional<Value> {
    const auto found = std::find_if(
        arguments.named.begin(), arguments.named.end(), [&](const auto& entry) {
          return entry.first == name;
        });
    if (found == arguments.named.end()) return {};
    Value value = std::move(found->second);
    arguments.named.erase(found);
    return value;
  };
  const size_t count = macro.parameters.size();
  const size_t given = std::min(arguments.positional.size(), count);
  for (size_t i = given; i < count; ++i)
    if (auto value = take(macro.parameters[i]))
      scope->names.insert_or_assign(macro.parameters[i], std::move(*value));
  if (macro.uses_caller)
    scope->names.emplace("caller",
                         take("caller").value_or(Value::undefined(
                             "no caller: the macro is not in a call block")));
  if (macro.uses_kwargs) {
    auto rest = std::make_shared<Dict>();
    for (auto& [name, value] : arguments.named)
      rest->set(Value::of(name), std::move(value));
    scope->names.emplace("kwargs",
                         Value::of(std::shared_ptr<const Dict>(rest)));
  } else if (!arguments.named.empty()) {
    fail(ErrorKind::format,
         "the macro {} has no parameter \"{}\"",
         macro.name,
         arguments.named.front().first);
  }
  if (macro.uses_varargs)
    scope->names.emplace(
        "varargs",
        machine_.tuple(Values(
            arguments.positional.begin() + static_cast<std::ptrdiff_t>(given),
            arguments.positional.end())));
  else if (arguments.positional.size() > count)
    fail(ErrorKind::format,
         "the macro {} takes at most {} argument(s)",
         macro.name,
         count);
  bind_parameters(macro, scope, arguments);
}

/// Positional arguments, and defaults for what was given neither way.
void Interpreter::bind_parameters(const MacroParts& macro,
                                  const ScopePtr& scope,
                                  Arguments& arguments) {
  const size_t count = macro.parameters.size();
  const size_t required = count - macro.defaults.size();
  for (size_t i = 0; i < count; ++i) {
    const std::string& name = macro.parameters[i];
    if (i < arguments.positional.size())
      scope->names.insert_or_assign(name, arguments.positional[i]);
    if (scope->names.contains(name)) continue;
    scope->names.emplace(name,
                         i < required
                             ? Value::undefined(fmt::format(
                                   "the parameter \"{}\" was not given", name))
                             : evaluate(*macro.defaults[i - required], scope));
  }
}

}  // namespace lineas::jinja
