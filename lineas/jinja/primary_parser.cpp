#include "lineas/base/error.h"
#include "lineas/jinja/parser.h"

namespace lineas::jinja {

using Kind = Expression::Kind;
using Type = Token::Kind;

ExpressionPtr ExpressionParser::brackets(ExpressionPtr node) {
  const int line = tokens_.next().line;
  ExpressionPtr slice = make(Kind::slice, line);
  slice->parts.push_back(std::move(node));
  const auto ends = [this] {
    return tokens_.current().is_sign("]") || tokens_.current().is_sign(":");
  };
  bool is_slice = false;
  for (int part = 0; part < 3; ++part) {
    slice->parts.push_back(ends() ? nullptr : expression());
    if (tokens_.current().is_sign(","))
      tokens_.stop(ErrorKind::unsupported, "a subscript with a comma");
    if (part == 2 || !tokens_.skip_sign(":")) break;
    is_slice = true;
  }
  tokens_.expect_sign("]");
  if (is_slice) {
    slice->parts.resize(4);
    return sealed(std::move(slice));
  }
  if (!slice->parts[1]) tokens_.refuse("a subscript [] without a value");
  return join(
      Kind::item, "", std::move(slice->parts[0]), std::move(slice->parts[1]));
}

ExpressionPtr ExpressionParser::name() {
  const Token& token = tokens_.next();
  const std::string& word = token.spelling;
  ExpressionPtr node = make(Kind::constant, token.line);
  if (word == "true" || word == "True") {
    node->value = Value(true);
  } else if (word == "false" || word == "False") {
    node->value = Value(false);
  } else if (word != "none" && word != "None") {
    node->kind = Kind::name;
    node->word = word;
    if (!macros.empty()) {
      macros.back()->uses_caller |= word == "caller";
      macros.back()->uses_varargs |= word == "varargs";
      macros.back()->uses_kwargs |= word == "kwargs";
    }
  }
  return node;
}

ExpressionPtr ExpressionParser::primary() {
  const Token& token = tokens_.current();
  if (token.is(Type::name)) return name();
  if (token.is_sign("(")) return parentheses();
  if (token.is_sign("[")) return list();
  if (token.is_sign("{")) return dict();
  ExpressionPtr node = make(Kind::constant, token.line);
  if (token.is(Type::text)) {
    std::string text;
    while (tokens_.current().is(Type::text)) text += tokens_.next().spelling;
    node->value = Value::of(std::move(text));
  } else if (token.is(Type::integer) || token.is(Type::real)) {
    node->value = tokens_.next().number;
  } else {
    tokens_.refuse("{} stands where a value is due", describe(token));
  }
  return node;
}

ExpressionPtr ExpressionParser::parentheses() {
  const int line = tokens_.next().line;
  ExpressionPtr node;
  if (tokens_.current().is_sign(")"))
    node = make(Kind::tuple, line);
  else
    node = tuple();
  tokens_.expect_sign(")");
  return node;
}

ExpressionPtr ExpressionParser::list() {
  ExpressionPtr node = make(Kind::list, tokens_.next().line);
  while (!tokens_.current().is_sign("]")) {
    node->parts.push_back(expression());
    if (!tokens_.skip_sign(",")) break;
  }
  tokens_.expect_sign("]");
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::dict() {
  ExpressionPtr node = make(Kind::dict, tokens_.next().line);
  while (!tokens_.current().is_sign("}")) {
    node->parts.push_back(expression());
    tokens_.expect_sign(":");
    node->parts.push_back(expression());
    if (!tokens_.skip_sign(",")) break;
  }
  tokens_.expect_sign("}");
  return sealed(std::move(node));
}

bool ExpressionParser::is_tuple_end(std::string_view end) const {
  const Token& token = tokens_.current();
  return token.is(Type::print_end) || token.is(Type::block_end) ||
         token.is_sign(")") || (!end.empty() && token.is_name(end));
}

ExpressionPtr ExpressionParser::tuple(bool with_choice, std::string_view end) {
  ExpressionPtr node = make(Kind::tuple, tokens_.current().line);
  bool is_tuple = false;
  while (!is_tuple_end(end)) {
    node->parts.push_back(expression(with_choice));
    if (!tokens_.skip_sign(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return sealed(std::move(node));
  if (node->parts.empty())
    tokens_.refuse("{} stands where a value is due",
                   describe(tokens_.current()));
  return std::move(node->parts[0]);
}

ExpressionPtr ExpressionParser::target(bool with_namespace,
                                       std::string_view end) {
  const auto one = [&]() -> ExpressionPtr {
    if (tokens_.current().is_sign("(")) {
      tokens_.next();
      ExpressionPtr inside = target(with_namespace);
      tokens_.expect_sign(")");
      return inside;
    }
    const Token& token = tokens_.expect(Type::name, "a name");
    for (const char* fixed : {"true", "True", "false", "False", "none", "None"})
      if (token.spelling == fixed)
        tokens_.refuse("\"{}\" cannot be set", token.spelling);
    ExpressionPtr node = make(Kind::name, token.line);
    node->word = token.spelling;
    if (!with_namespace || !tokens_.skip_sign(".")) return node;
    return join(Kind::attribute,
                tokens_.expect(Type::name, "a name").spelling,
                std::move(node));
  };
  const Guard guard(*this);
  ExpressionPtr node = make(Kind::tuple, tokens_.current().line);
  bool is_tuple = false;
  while (!is_tuple_end(end) && !tokens_.current().is_sign("=")) {
    node->parts.push_back(one());
    if (!tokens_.skip_sign(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return sealed(std::move(node));
  if (node->parts.empty())
    tokens_.refuse("{} stands where a name is due",
                   describe(tokens_.current()));
  return std::move(node->parts[0]);
}

void ExpressionParser::one_argument(CallArguments& into) {
  const bool is_named =
      tokens_.current().is(Type::name) && tokens_.ahead().is_sign("=");
  const bool comes_late =
      into.spread_named || (!is_named && (into.spread || !into.named.empty()));
  if (tokens_.skip_sign("**")) {
    if (into.spread_named) tokens_.refuse("two ** in one call");
    into.spread_named = expression();
  } else if (tokens_.current().is_sign("*")) {
    if (into.spread || into.spread_named)
      tokens_.refuse("a * behind * or ** in one call");
    tokens_.next();
    into.spread = expression();
  } else if (comes_late) {
    tokens_.refuse("a positional argument behind named ones");
  } else if (is_named) {
    std::string key = tokens_.next().spelling;
    tokens_.next();
    into.named.emplace_back(std::move(key), expression());
  } else {
    into.positional.push_back(expression());
  }
}

CallArguments ExpressionParser::arguments() {
  const Guard guard(*this);
  CallArguments result;
  tokens_.expect_sign("(");
  while (!tokens_.current().is_sign(")")) {
    one_argument(result);
    if (!tokens_.skip_sign(",")) break;
  }
  tokens_.expect_sign(")");
  return result;
}

}  // namespace lineas::jinja
