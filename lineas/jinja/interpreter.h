// Runs the tree of a template. A scope is a table of names above another;
// what is set in a loop or macro stays there, as in Jinja.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lineas/jinja/ast.h"
#include "lineas/jinja/machine.h"

namespace lineas::jinja {

struct Scope {
  std::shared_ptr<Scope> parent;
  std::unordered_map<std::string, Value> names;
};
using ScopePtr = std::shared_ptr<Scope>;

class Interpreter {
 public:
  Interpreter(Machine& machine,
              std::unordered_map<std::string, Value> variables);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  std::string render(const Block& block);
  /// The line of what runs now.
  int line() const { return line_; }

  /// A macro's body with these arguments.
  Value call_macro(const MacroParts& macro,
                   const ScopePtr& outer,
                   Arguments& arguments);

 private:
  /// What a block ended with: by itself, at a break, at a continue.
  enum class Flow { on, leave, skip };

  Flow run(const Block& block, const ScopePtr& scope, std::string& out);
  Flow run(const Statement& statement, const ScopePtr& scope, std::string& out);
  Flow run_condition(const Statement& statement,
                     const ScopePtr& scope,
                     std::string& out);
  Flow run_loop(const Statement& statement,
                const ScopePtr& scope,
                std::string& out);
  void run_set_block(const Statement& statement, const ScopePtr& scope);
  void run_with(const Statement& statement,
                const ScopePtr& scope,
                std::string& out);
  void run_call_block(const Statement& statement,
                      const ScopePtr& scope,
                      std::string& out);
  Value block_text(const Block& block, const ScopePtr& scope);
  Value macro_value(const MacroParts& macro, const ScopePtr& scope);
  void assign(const Expression& target, Value value, const ScopePtr& scope);
  void assign_attribute(const Expression& target,
                        Value value,
                        const ScopePtr& scope);
  void print(const Value& value, std::string& out);
  Cursor chosen_items(const Statement& loop, const ScopePtr& scope);
  void bind_macro(const MacroParts& macro,
                  const ScopePtr& scope,
                  Arguments& arguments);
  void bind_parameters(const MacroParts& macro,
                       const ScopePtr& scope,
                       Arguments& arguments);

  Value evaluate(const Expression& node, const ScopePtr& scope);
  Value evaluate_node(const Expression& node, const ScopePtr& scope);
  Value look_up(const std::string& name, const ScopePtr& scope) const;
  Values evaluate_all(const std::vector<ExpressionPtr>& nodes,
                      const ScopePtr& scope);
  Value make_dict(const Expression& node, const ScopePtr& scope);
  Value slice(const Expression& node, const ScopePtr& scope);
  Value compare(const Expression& node, const ScopePtr& scope);
  bool compare_two(const std::string& sign,
                   const Value& left,
                   const Value& right);
  Value choice(const Expression& node, const ScopePtr& scope);
  Value filter(const Expression& node,
               const Value& input,
               const ScopePtr& scope);
  Value filter_chain(const Expression& node,
                     const Value& input,
                     const ScopePtr& scope);
  Arguments arguments_of(const CallArguments& given, const ScopePtr& scope);
  Value call(const Expression& node,
             const ScopePtr& scope,
             const Value* caller = nullptr);

  Machine& machine_;
  ScopePtr root_;
  std::vector<ScopePtr> kept_;  // scopes that a macro in them refers to
  int line_ = 1;
};

}  // namespace lineas::jinja
