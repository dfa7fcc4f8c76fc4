#include <algorithm>
#include <array>

#include "lineas/base/error.h"
#include "lineas/jinja/limits.h"
#include "lineas/jinja/parser.h"

namespace lineas::jinja {

using Kind = Expression::Kind;
using Type = Token::Kind;

bool TokenStream::skip_sign(std::string_view sign) {
  if (!current().is_sign(sign)) return false;
  next();
  return true;
}

bool TokenStream::skip_name(std::string_view name) {
  if (!current().is_name(name)) return false;
  next();
  return true;
}

const Token& TokenStream::expect(Type kind, std::string_view what) {
  if (!current().is(kind))
    refuse("{} stands where {} is due", describe(current()), what);
  return next();
}

void TokenStream::expect_sign(std::string_view sign) {
  if (!skip_sign(sign))
    refuse("{} stands where \"{}\" is due", describe(current()), sign);
}

void TokenStream::expect_name(std::string_view name) {
  if (!skip_name(name))
    refuse("{} stands where \"{}\" is due", describe(current()), name);
}

void ExpressionParser::stop_too_deep() const {
  tokens_.stop(
      ErrorKind::resource,
      fmt::format("expressions nest more than {} deep", kDeepestTemplate));
}

ExpressionPtr ExpressionParser::make(Kind kind, int line) const {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = line;
  return node;
}

ExpressionPtr ExpressionParser::sealed(ExpressionPtr node) const {
  int inside = 0;
  const auto look = [&](const ExpressionPtr& part) {
    if (part) inside = std::max(inside, part->depth);
  };
  for (const auto& part : node->parts) look(part);
  for (const auto& part : node->arguments.positional) look(part);
  for (const auto& part : node->arguments.named) look(part.second);
  look(node->arguments.spread);
  look(node->arguments.spread_named);
  node->depth = inside + 1;
  if (node->depth > kDeepestTemplate) stop_too_deep();
  return node;
}

ExpressionPtr ExpressionParser::join(Kind kind,
                                     std::string word,
                                     ExpressionPtr left,
                                     ExpressionPtr right) {
  ExpressionPtr node = make(kind, left->line);
  node->word = std::move(word);
  node->parts.push_back(std::move(left));
  if (right) node->parts.push_back(std::move(right));
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::expression(bool with_choice) {
  const Guard guard(*this);
  ExpressionPtr node = either();
  while (with_choice && tokens_.skip_name("if")) {
    ExpressionPtr choice = make(Kind::choice, node->line);
    choice->parts.push_back(std::move(node));
    choice->parts.push_back(either());
    choice->parts.push_back(tokens_.skip_name("else") ? expression() : nullptr);
    node = sealed(std::move(choice));
  }
  return node;
}

ExpressionPtr ExpressionParser::either() {
  ExpressionPtr node = both();
  while (tokens_.skip_name("or"))
    node = join(Kind::either, "or", std::move(node), both());
  return node;
}

ExpressionPtr ExpressionParser::both() {
  ExpressionPtr node = negation();
  while (tokens_.skip_name("and"))
    node = join(Kind::both, "and", std::move(node), negation());
  return node;
}

ExpressionPtr ExpressionParser::negation() {
  const Guard guard(*this);
  if (!tokens_.skip_name("not")) return compare();
  return join(Kind::negation, "not", negation());
}

ExpressionPtr ExpressionParser::compare() {
  static constexpr std::array<std::string_view, 6> kSigns = {
      "==", "!=", "<", "<=", ">", ">="};
  ExpressionPtr node = make(Kind::compare, tokens_.current().line);
  node->parts.push_back(sum());
  while (true) {
    const Token& token = tokens_.current();
    const bool is_sign =
        token.is(Type::sign) &&
        std::find(kSigns.begin(), kSigns.end(), token.spelling) != kSigns.end();
    if (is_sign) {
      node->words.push_back(tokens_.next().spelling);
    } else if (tokens_.skip_name("in")) {
      node->words.push_back("in");
    } else if (token.is_name("not") && tokens_.ahead().is_name("in")) {
      tokens_.next();
      tokens_.next();
      node->words.push_back("not in");
    } else {
      break;
    }
    node->parts.push_back(sum());
  }
  if (node->words.empty()) return std::move(node->parts[0]);
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::sum() {
  ExpressionPtr node = concat();
  while (tokens_.current().is_sign("+") || tokens_.current().is_sign("-")) {
    const std::string sign = tokens_.next().spelling;
    node = join(Kind::binary, sign, std::move(node), concat());
  }
  return node;
}

ExpressionPtr ExpressionParser::concat() {
  ExpressionPtr first = product();
  if (!tokens_.current().is_sign("~")) return first;
  ExpressionPtr node = make(Kind::concat, first->line);
  node->parts.push_back(std::move(first));
  while (tokens_.skip_sign("~")) node->parts.push_back(product());
  return sealed(std::move(node));
}

ExpressionPtr ExpressionParser::product() {
  ExpressionPtr node = power();
  for (const Token* token = &tokens_.current();
       token->is_sign("*") || token->is_sign("/") || token->is_sign("//") ||
       token->is_sign("%");
       token = &tokens_.current()) {
    const std::string sign = tokens_.next().spelling;
    node = join(Kind::binary, sign, std::move(node), power());
  }
  return node;
}

ExpressionPtr ExpressionParser::power() {
  ExpressionPtr node = unary(true);
  while (tokens_.skip_sign("**"))
    node = join(Kind::binary, "**", std::move(node), unary(true));
  return node;
}

ExpressionPtr ExpressionParser::unary(bool with_filter) {
  const Guard guard(*this);
  ExpressionPtr node;
  if (tokens_.current().is_sign("-") || tokens_.current().is_sign("+")) {
    const std::string sign = tokens_.next().spelling;
    node = join(Kind::unary, sign, unary(false));
  } else {
    node = primary();
  }
  node = postfix(std::move(node));
  return with_filter ? filter_or_test(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::filter_or_test(ExpressionPtr node) {
  while (true) {
    const Token& token = tokens_.current();
    if (token.is_sign("|"))
      node = filters(std::move(node), true);
    else if (token.is_name("is"))
      node = test(std::move(node));
    else if (token.is_sign("("))
      node = call(std::move(node));
    else
      return node;
  }
}

std::string ExpressionParser::dotted_name() {
  std::string name = tokens_.expect(Type::name, "a name").spelling;
  while (tokens_.skip_sign("."))
    name += "." + tokens_.expect(Type::name, "a name").spelling;
  return name;
}

ExpressionPtr ExpressionParser::filters(ExpressionPtr input, bool has_bar) {
  while (!has_bar || tokens_.skip_sign("|")) {
    has_bar = true;
    ExpressionPtr node = make(Kind::filter, tokens_.current().line);
    node->word = dotted_name();
    if (tokens_.current().is_sign("(")) node->arguments = arguments();
    node->parts.push_back(std::move(input));
    input = sealed(std::move(node));
  }
  return input;
}

ExpressionPtr ExpressionParser::test(ExpressionPtr node) {
  const int line = tokens_.next().line;
  const bool is_negated = tokens_.skip_name("not");
  ExpressionPtr result = make(Kind::test, line);
  result->word = dotted_name();
  result->parts.push_back(std::move(node));
  const Token& token = tokens_.current();
  const bool is_operator =
      token.is_name("else") || token.is_name("or") || token.is_name("and");
  const bool begins_value = token.is(Type::name) || token.is(Type::text) ||
                            token.is(Type::integer) || token.is(Type::real) ||
                            token.is_sign("[") || token.is_sign("{");
  if (token.is_sign("(")) {
    result->arguments = arguments();
  } else if (begins_value && !is_operator) {
    if (token.is_name("is")) tokens_.refuse("two tests in a row with \"is\"");
    result->arguments.positional.push_back(postfix(primary()));
  }
  result = sealed(std::move(result));
  return is_negated ? join(Kind::negation, "not", std::move(result))
                    : std::move(result);
}

ExpressionPtr ExpressionParser::postfix(ExpressionPtr node) {
  while (true) {
    const Token& token = tokens_.current();
    if (token.is_sign("."))
      node = subscript(std::move(node));
    else if (token.is_sign("["))
      node = brackets(std::move(node));
    else if (token.is_sign("("))
      node = call(std::move(node));
    else
      return node;
  }
}

ExpressionPtr ExpressionParser::subscript(ExpressionPtr node) {
  tokens_.next();
  const Token& token = tokens_.next();
  if (token.is(Type::name))
    return join(Kind::attribute, token.spelling, std::move(node));
  if (!token.is(Type::integer))
    tokens_.refuse("{} behind a dot, a name or a number is due",
                   describe(token));
  ExpressionPtr index = make(Kind::constant, token.line);
  index->value = token.number;
  return join(Kind::item, "", std::move(node), std::move(index));
}

ExpressionPtr ExpressionParser::call(ExpressionPtr node) {
  ExpressionPtr result = make(Kind::call, tokens_.current().line);
  result->arguments = arguments();
  result->parts.push_back(std::move(node));
  return sealed(std::move(result));
}

}  // namespace lineas::jinja
