// A template as a tree. One kind of node for expressions and one for
// statements: what each kind keeps where is said beside its name. Made by the
// parser, read by the interpreter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lineas/jinja/value.h"

namespace lineas::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

/// Arguments as written; `spread` is *x, `spread_named` **x.
struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr spread, spread_named;
};

struct Expression {
  enum class Kind {
    constant,   // value
    name,       // word
    list,       // parts
    tuple,      // parts
    dict,       // parts: key, value, key, value, ...
    attribute,  // parts[0] . word
    item,       // parts[0] [ parts[1] ]
    slice,      // parts[0] [ parts[1] : parts[2] : parts[3] ], each may be null
    call,       // parts[0] ( arguments )
    filter,     // parts[0] | word ( arguments ); parts[0] null in {% filter %}
    test,       // parts[0] is word ( arguments )
    negation,   // not parts[0]
    unary,      // word (+ or -) parts[0]
    binary,     // parts[0] word parts[1], arithmetic
    concat,     // parts, by ~
    compare,    // parts, between each two an operator of `words`
    both,       // parts[0] and parts[1]
    either,     // parts[0] or parts[1]
    choice,     // parts[0] if parts[1] else parts[2], which may be null
  };
  Kind kind;
  int line = 1;
  int depth = 1;  // nodes inside one another
  std::string word;
  std::vector<std::string> words;
  Value value;
  std::vector<ExpressionPtr> parts;
  CallArguments arguments;
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

/// Parameters and body of a macro or of a call block.
struct MacroParts {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<ExpressionPtr> defaults;  // of the last parameters
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
  Block body;
};

struct Statement {
  enum class Kind {
    text,          // word
    print,         // value
    condition,     // branches
    loop,          // target, value, test, body, otherwise
    set,           // target, value
    set_block,     // target, value (a filter, may be null), body
    with,          // targets, values, body
    macro,         // macro
    call_block,    // macro, value (the call)
    filter_block,  // value (the filter), body
    generation,    // body
    leave,         // break
    skip,          // continue
  };
  Kind kind;
  int line = 1;
  std::string word;
  ExpressionPtr target, value, test;
  std::vector<ExpressionPtr> targets, values;
  /// if, elif, ...: test and body; a null test is else.
  std::vector<std::pair<ExpressionPtr, Block>> branches;
  Block body, otherwise;
  std::unique_ptr<MacroParts> macro;
};

}  // namespace lineas::jinja
