#include "lineas/text/regex.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"

namespace lineas {
namespace {

std::vector<std::string> found(const std::string& pattern,
                               const std::string& text) {
  std::vector<std::string> matches;
  for (const auto& [begin, end] : Regex(pattern, "t").find_all(text)) {
    matches.push_back(text.substr(begin, end - begin));
  }
  return matches;
}

using Strings = std::vector<std::string>;

TEST(Regex, KnowsUnicode) {
  EXPECT_EQ(found(R"(\p{L}+|\p{N})", "\xd0\xb6 a1\xd9\xa3"),
            (Strings{"\xd0\xb6", "a", "1", "\xd9\xa3"}));
  EXPECT_EQ(found("(?i:'s)", "'S '\xc5\xbf"), (Strings{"'S", "'\xc5\xbf"}));
}

TEST(Regex, WhiteSpaceIsThatOfOniguruma) {
  EXPECT_EQ(found(R"(\s)", "\xc2\xa0\xc2\x85"),
            (Strings{"\xc2\xa0", "\xc2\x85"}));
  EXPECT_TRUE(found(R"(\s)", "\xe1\xa0\x8e").empty());  // U+180E
  EXPECT_EQ(found(R"([^\sx]+)", "a\xe1\xa0\x8e x"), Strings{"a\xe1\xa0\x8e"});
  EXPECT_EQ(found(R"(\S)", " a"), Strings{"a"});
}

TEST(Regex, LineAnchorsAreThoseOfRuby) {
  EXPECT_EQ(found("a$", "a\nba"), (Strings{"a", "a"}));
  EXPECT_EQ(found("^b", "a\nb"), Strings{"b"});
}

// Expected: tokenizers 0.22, Split(Regex(...), "isolated").
TEST(Regex, EmptyMatchesCountButNotBehindAMatch) {
  EXPECT_EQ(found("x*", "a\xc3\xa9xx"), (Strings{"", "", "xx"}));
  EXPECT_EQ(found("(?=[A-Z])", "aBc").size(), 1u);
  EXPECT_EQ(found("", "ab").size(), 3u);
}

TEST(Regex, ReadsWhatOnlyOnigurumaReadsSo) {
  EXPECT_EQ(found("[a-z&&[^aeiou]]+", "house"), (Strings{"h", "s"}));
  EXPECT_EQ(found(R"(\h+)", "xyz ab 1"), (Strings{"ab", "1"}));
  EXPECT_EQ(found("(?m:.)", "\n"), Strings{"\n"});
  EXPECT_EQ(found(R"(\p{Alpha}+)", "a1\xc3\xa9"), (Strings{"a", "\xc3\xa9"}));
  EXPECT_EQ(found("(?~b)", "aab"), (Strings{"aa", ""}));
  EXPECT_EQ(found("a{,2}b", "aab"), Strings{"aab"});
  EXPECT_EQ(found(R"(\R)", "a\r\nb"), Strings{"\r\n"});
  EXPECT_EQ(found("[[:punct:]]", "a$.\xef\xbf\xbd"),
            (Strings{"$", ".", "\xef\xbf\xbd"}));
  EXPECT_EQ(found("[[:^punct:]]+", "a$b"), (Strings{"a", "b"}));
  EXPECT_THROW(Regex(R"(\p{Word})", "t"), Error);
  EXPECT_THROW(Regex(R"(\p{Unheard})", "t"), Error);
}

TEST(Regex, BadOrEndlessPatternsAreErrors) {
  EXPECT_THROW(Regex("(", "t.json"), Error);
  const Regex endless("(a|aa|a?a)+$", "t");
  try {
    endless.find_all(std::string(60, 'a') + "b");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::resource);
  }
}

TEST(Regex, LongRunsDoNotExhaustTheStack) {
  const std::string text(200000, ' ');
  EXPECT_EQ(found(R"(\s+(?!\S)|\s+)", text).size(), 1u);
  EXPECT_EQ(found("(?:a|b)+", std::string(200000, 'a')).size(), 1u);
}

}  // namespace
}  // namespace lineas
