#include <algorithm>
#include <array>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/jinja/parser.h"

namespace lineas::jinja {
namespace {

using Kind = Statement::Kind;
using Type = Token::Kind;
using StatementPtr = std::unique_ptr<Statement>;
using Ends = std::vector<std::string_view>;

/// Tags that Jinja has and chat templates do not need.
constexpr std::array<std::string_view, 6> kNotRun = {
    "include", "import", "from", "extends", "block", "autoescape"};

class StatementParser {
 public:
  StatementParser(std::string_view source, const std::string& where)
      : tokens_(tokenize(source, where), where), expressions_(tokens_) {}

  Block run() {
    Block block = statements({});
    return block;
  }

 private:
  StatementPtr make(Kind kind) const {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = tokens_.current().line;
    return statement;
  }

  bool is_end(const Ends& ends) const {
    return std::any_of(ends.begin(), ends.end(), [this](auto name) {
      return tokens_.current().is_name(name);
    });
  }

  /// Statements up to a tag named in `ends`, which becomes the current token;
  /// with no `ends`, up to the end of the template.
  Block statements(const Ends& ends) {
    if (++level_ > kDeepestTemplate)
      tokens_.stop(
          ErrorKind::resource,
          fmt::format("tags nest more than {} deep", kDeepestTemplate));
    Block block;
    while (!tokens_.current().is(Type::end)) {
      if (tokens_.current().is(Type::data)) {
        block.push_back(make(Kind::text));
        block.back()->word = tokens_.next().spelling;
      } else if (tokens_.current().is(Type::print_begin)) {
        tokens_.next();
        block.push_back(print());
        tokens_.expect(Type::print_end, "}}");
      } else {
        tokens_.next();
        if (is_end(ends)) {
          --level_;
          return block;
        }
        block.push_back(statement());
        tokens_.expect(Type::block_end, "%}");
      }
    }
    if (!ends.empty())
      tokens_.refuse("the template ends where {} is due",
                     fmt::join(ends, " or "));
    --level_;
    return block;
  }

  /// The body of a tag up to one of `ends`, whose name is taken.
  Block body(const Ends& ends) {
    tokens_.skip_sign(":");
    tokens_.expect(Type::block_end, "%}");
    return statements(ends);
  }
  Block whole_body(std::string_view end) {
    Block block = body({end});
    tokens_.next();
    return block;
  }

  StatementPtr print() {
    StatementPtr result = make(Kind::print);
    result->value = expressions_.tuple();
    return result;
  }

  StatementPtr statement() {
    const Token& token = tokens_.current();
    const std::string& tag = token.spelling;
    if (!token.is(Type::name))
      tokens_.refuse("{} stands where the name of a tag is due",
                     describe(token));
    if (tag == "if") return condition();
    if (tag == "for") return loop();
    if (tag == "set") return set();
    if (tag == "macro") return macro();
    if (tag == "call") return call_block();
    if (tag == "filter") return filter_block();
    if (tag == "with") return with();
    if (tag == "generation") return generation();
    if (tag == "print") {
      tokens_.next();
      return print_tag();
    }
    if (tag == "break" || tag == "continue") return leave();
    if (std::find(kNotRun.begin(), kNotRun.end(), tag) != kNotRun.end())
      tokens_.stop(ErrorKind::unsupported,
                   fmt::format("the tag \"{}\" is not run by this program. "
                               "Give a template without it (--chat-template)",
                               tag));
    tokens_.refuse("there is no tag \"{}\" here", printable(tag, 40));
  }

  /// Several values behind one another.
  StatementPtr print_tag() {
    StatementPtr result = make(Kind::print);
    result->value = std::make_unique<Expression>();
    result->value->kind = Expression::Kind::concat;
    result->value->line = result->line;
    do {
      result->value->parts.push_back(expressions_.expression());
    } while (tokens_.skip_sign(","));
    return result;
  }

  StatementPtr leave() {
    StatementPtr result =
        make(tokens_.current().is_name("break") ? Kind::leave : Kind::skip);
    if (loops_ == 0)
      tokens_.refuse("\"{}\" outside of a loop", tokens_.current().spelling);
    tokens_.next();
    return result;
  }

  StatementPtr condition() {
    StatementPtr result = make(Kind::condition);
    tokens_.next();
    while (true) {
      ExpressionPtr test = expressions_.tuple(false);
      result->branches.emplace_back(std::move(test),
                                    body({"elif", "else", "endif"}));
      if (!tokens_.skip_name("elif")) break;
    }
    if (tokens_.skip_name("else"))
      result->branches.emplace_back(nullptr, body({"endif"}));
    tokens_.expect_name("endif");
    return result;
  }

  StatementPtr loop() {
    StatementPtr result = make(Kind::loop);
    tokens_.next();
    result->target = expressions_.target(false, "in");
    tokens_.expect_name("in");
    result->value = expressions_.tuple(false, "recursive");
    if (tokens_.skip_name("if")) result->test = expressions_.expression();
    if (tokens_.current().is_name("recursive"))
      tokens_.stop(ErrorKind::unsupported,
                   "a recursive loop is not run by this program");
    ++loops_;
    result->body = body({"endfor", "else"});
    --loops_;
    if (tokens_.skip_name("else")) result->otherwise = body({"endfor"});
    tokens_.expect_name("endfor");
    return result;
  }

  StatementPtr set() {
    StatementPtr result = make(Kind::set);
    tokens_.next();
    result->target = expressions_.target(true);
    if (tokens_.skip_sign("=")) {
      result->value = expressions_.tuple();
      return result;
    }
    result->kind = Kind::set_block;
    result->value = expressions_.filters(nullptr, true);
    result->body = inner_body("endset");
    return result;
  }

  /// A body that is a function of its own to Jinja: no loop goes on in it.
  Block inner_body(std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    Block block = whole_body(end);
    loops_ = loops;
    return block;
  }

  StatementPtr with() {
    StatementPtr result = make(Kind::with);
    tokens_.next();
    while (!tokens_.current().is(Type::block_end)) {
      if (!result->targets.empty()) tokens_.expect_sign(",");
      result->targets.push_back(expressions_.target(false));
      tokens_.expect_sign("=");
      result->values.push_back(expressions_.expression());
    }
    result->body = whole_body("endwith");
    return result;
  }

  StatementPtr filter_block() {
    StatementPtr result = make(Kind::filter_block);
    tokens_.next();
    result->value = expressions_.filters(nullptr, false);
    result->body = inner_body("endfilter");
    return result;
  }

  StatementPtr generation() {
    StatementPtr result = make(Kind::generation);
    tokens_.next();
    result->body = inner_body("endgeneration");
    return result;
  }

  void parameters(MacroParts& macro) {
    tokens_.expect_sign("(");
    while (!tokens_.current().is_sign(")")) {
      macro.parameters.push_back(
          tokens_.expect(Type::name, "a parameter's name").spelling);
      if (tokens_.skip_sign("="))
        macro.defaults.push_back(expressions_.expression());
      else if (!macro.defaults.empty())
        tokens_.refuse("a parameter without a default behind one with");
      if (!tokens_.skip_sign(",")) break;
    }
    tokens_.expect_sign(")");
  }

  void macro_body(MacroParts& macro, std::string_view end) {
    expressions_.macros.push_back(&macro);
    macro.body = inner_body(end);
    expressions_.macros.pop_back();
  }

  StatementPtr macro() {
    StatementPtr result = make(Kind::macro);
    tokens_.next();
    result->macro = std::make_unique<MacroParts>();
    result->macro->name =
        tokens_.expect(Type::name, "the macro's name").spelling;
    parameters(*result->macro);
    macro_body(*result->macro, "endmacro");
    return result;
  }

  StatementPtr call_block() {
    StatementPtr result = make(Kind::call_block);
    tokens_.next();
    result->macro = std::make_unique<MacroParts>();
    result->macro->name = "caller";
    if (tokens_.current().is_sign("(")) parameters(*result->macro);
    result->value = expressions_.expression();
    if (result->value->kind != Expression::Kind::call)
      tokens_.refuse("a call block needs the call of a macro");
    macro_body(*result->macro, "endcall");
    return result;
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  int loops_ = 0;
  int level_ = 0;
};

}  // namespace

Block parse(std::string_view source, const std::string& where) {
  return StatementParser(source, where).run();
}

}  // namespace lineas::jinja
