// From tokens to the tree. The grammar is that of Jinja 3.1 with the tags
// break, continue and generation, as transformers sets it up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lineas/jinja/ast.h"
#include "lineas/jinja/lexer.h"
#include "lineas/jinja/limits.h"

namespace lineas::jinja {

/// Throws format for what is no template, unsupported for tags that this
/// program does not run (include, extends, ...); both name `where` and line.
Block parse(std::string_view source, const std::string& where);

/// The tokens with the place where the parser is.
class TokenStream {
 public:
  TokenStream(std::vector<Token> tokens, std::string where)
      : tokens_(std::move(tokens)), where_(std::move(where)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const {
    return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_];
  }
  const Token& next() {
    const Token& token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool skip_sign(std::string_view sign);
  bool skip_name(std::string_view name);
  const Token& expect(Token::Kind kind, std::string_view what);
  void expect_sign(std::string_view sign);
  void expect_name(std::string_view name);

  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format,
                           Args&&... args) const {
    stop(ErrorKind::format, fmt::format(format, std::forward<Args>(args)...));
  }
  [[noreturn]] void stop(ErrorKind kind, const std::string& what) const {
    fail(kind, "{}:{}: {}", where_, current().line, what);
  }

 private:
  std::vector<Token> tokens_;
  std::string where_;
  size_t at_ = 0;
};

/// The expressions of the grammar, one method for each level of binding.
class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  ExpressionPtr expression(bool with_choice = true);
  /// An expression, or several with commas between them as a tuple. Ends
  /// before the name `end` too, where one is given.
  ExpressionPtr tuple(bool with_choice = true, std::string_view end = "");
  /// A name, or several as a tuple, or (in a set) NAMESPACE.ATTRIBUTE.
  ExpressionPtr target(bool with_namespace, std::string_view end = "");
  /// `| filter | filter` behind `input`, which may be null.
  ExpressionPtr filters(ExpressionPtr input, bool has_bar);
  ExpressionPtr postfix(ExpressionPtr node);
  ExpressionPtr primary();

  /// Macro bodies that are open: which special names each uses.
  std::vector<MacroParts*> macros;

 private:
  /// One level deeper in the grammar while it lives.
  struct Guard {
    explicit Guard(ExpressionParser& parser) : parser(parser) {
      if (++parser.level_ > kDeepestTemplate) parser.stop_too_deep();
    }
    ~Guard() { --parser.level_; }
    ExpressionParser& parser;
  };
  [[noreturn]] void stop_too_deep() const;
  ExpressionPtr either();
  ExpressionPtr both();
  ExpressionPtr negation();
  ExpressionPtr compare();
  ExpressionPtr sum();
  ExpressionPtr concat();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filter);
  ExpressionPtr filter_or_test(ExpressionPtr node);
  ExpressionPtr test(ExpressionPtr node);
  ExpressionPtr subscript(ExpressionPtr node);
  ExpressionPtr brackets(ExpressionPtr node);
  ExpressionPtr call(ExpressionPtr node);
  ExpressionPtr name();
  ExpressionPtr list();
  ExpressionPtr dict();
  ExpressionPtr parentheses();
  std::string dotted_name();
  CallArguments arguments();
  void one_argument(CallArguments& into);
  bool is_tuple_end(std::string_view end) const;

  ExpressionPtr make(Expression::Kind kind, int line) const;
  /// A node above its parts; throws resource where the tree is too deep.
  ExpressionPtr join(Expression::Kind kind,
                     std::string word,
                     ExpressionPtr left,
                     ExpressionPtr right = nullptr);
  ExpressionPtr sealed(ExpressionPtr node) const;

  TokenStream& tokens_;
  int level_ = 0;
};

}  // namespace lineas::jinja
