// A template as tokens: the text between tags, and what is inside them. All
// white space control happens here (trim_blocks and lstrip_blocks are on, as
// transformers has them, and -, + at the tags). Knows no grammar.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lineas/jinja/value.h"

namespace lineas::jinja {

struct Token {
  enum class Kind {
    data,
    print_begin,
    print_end,
    block_begin,
    block_end,
    name,
    text,
    integer,
    real,
    sign,  // an operator or a bracket, spelled out in `spelling`
    end,
  };
  Kind kind = Kind::end;
  int line = 1;
  std::string spelling;  // of names, signs, data; the value of a text
  Value number;          // of integer and real

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_sign(std::string_view sign) const {
    return kind == Kind::sign && spelling == sign;
  }
  bool is_name(std::string_view name) const {
    return kind == Kind::name && spelling == name;
  }
};

/// Throws a format Error that begins with "`where`:LINE" for what is no
/// template, unsupported for what this program does not read in one.
std::vector<Token> tokenize(std::string_view source, const std::string& where);

/// What a message calls a token.
std::string describe(const Token& token);

}  // namespace lineas::jinja
