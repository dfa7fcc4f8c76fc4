#include "lineas/text/added_tokens.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

AddedToken token(const std::string& content, int64_t id) {
  AddedToken result;
  result.content = content;
  result.id = id;
  return result;
}

/// "text|<id>|text": what a split looks like.
std::string shown(const AddedTokens& tokens, std::string_view text) {
  std::string result;
  for (const TextPiece& piece : tokens.split(text)) {
    if (!result.empty()) result += "|";
    result += piece.id < 0 ? std::string(piece.text)
                           : "<" + std::to_string(piece.id) + ">";
  }
  return result;
}

TEST(AddedTokens, LeftmostThenLongest) {
  const AddedTokens tokens({token("<a", 1), token("<a>", 2), token("a>b", 3)});
  EXPECT_EQ(shown(tokens, "x<a>b"), "x|<2>|b");
  EXPECT_EQ(shown(tokens, "<a<a>"), "<1>|<2>");
  EXPECT_EQ(shown(tokens, "a>b"), "<3>");
  EXPECT_EQ(shown(tokens, ""), "");
}

TEST(AddedTokens, StripsSpaceAround) {
  AddedToken mask = token("[M]", 1);
  mask.lstrip = true;
  EXPECT_EQ(shown(AddedTokens({mask}), "a \xc2\xa0[M] b"), "a|<1>| b");
  mask.rstrip = true;
  EXPECT_EQ(shown(AddedTokens({mask}), "a [M]\n b [M] [M]"), "a|<1>|b|<1>|<1>");
}

TEST(AddedTokens, SingleWord) {
  AddedToken word = token("the", 1);
  word.single_word = true;
  const AddedTokens tokens({word});
  EXPECT_EQ(shown(tokens, "the other the"), "<1>| other |<1>");
  EXPECT_EQ(shown(tokens, "the\xc3\xa9 _the the!"), "the\xc3\xa9 _the |<1>|!");
}

}  // namespace
}  // namespace lineas
