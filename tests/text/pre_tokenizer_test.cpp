#include "lineas/text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "lineas/text/word_steps.h"

namespace lineas {
namespace {

/// The words with bars between them.
std::string words(const PreTokenizer& pre_tokenizer,
                  std::string_view text,
                  bool at_start = true) {
  std::string shown;
  for (const Word& word : pre_tokenizer(text, at_start)) {
    EXPECT_FALSE(word.text.empty());
    shown += (shown.empty() ? "" : "|") + word.text;
  }
  return shown;
}

PreTokenizer of(const char* spec) {
  return read_pre_tokenizer(Json::parse(spec), "t");
}

/// A Split at "-" with one behavior.
std::string dashes(const std::string& behavior, std::string_view text) {
  const Json spec = {{"type", "Split"},
                     {"behavior", behavior},
                     {"invert", false},
                     {"pattern", {{"String", "-"}}}};
  return words(read_pre_tokenizer(spec, "t"), text);
}

TEST(PreTokenizer, PublishedPatterns) {
  const char* bytes = R"({"type": "ByteLevel", "add_prefix_space": false})";
  EXPECT_EQ(words(of(bytes), "I'll go  in 2016!\n"),
            "I|'ll| go| | in| 2016|!|\n");
  EXPECT_TRUE(of(bytes).byte_level());
  EXPECT_EQ(
      words(of(R"({"type": "ByteLevel", "add_prefix_space": true})"), "a"),
      " a");
}

TEST(PreTokenizer, StepsBehindByteLevelSeeItsAlphabet) {
  const PreTokenizer both = of(R"({"type": "Sequence", "pretokenizers": [
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
      {"type": "CharDelimiterSplit", "delimiter": "Ġ"}]})");
  EXPECT_EQ(words(both, "a \xc3\xa9"), "a|\xc3\x83\xc2\xa9");
  EXPECT_FALSE(both.byte_level());
}

TEST(PreTokenizer, OtherTypes) {
  EXPECT_EQ(words(of(R"({"type": "Whitespace"})"), "it's  a-b"),
            "it|'|s|a|-|b");
  EXPECT_EQ(words(of(R"({"type": "WhitespaceSplit"})"), " a.b  c"), "a.b|c");
  EXPECT_EQ(words(of(R"({"type": "BertPreTokenizer"})"), "a.b c$"),
            "a|.|b|c|$");
  EXPECT_EQ(words(of(R"({"type": "FixedLength", "length": 2})"), "ab\xc3\xa9"),
            "ab|\xc3\xa9");
  EXPECT_EQ(words(of(R"({"type": "Punctuation"})"), "a!?"), "a|!|?");
}

TEST(PreTokenizer, AnEmptyMatchCuts) {
  const PreTokenizer capitals = of(R"x({"type": "Split", "invert": false,
      "behavior": "Isolated", "pattern": {"Regex": "(?=[A-Z])"}})x");
  EXPECT_EQ(words(capitals, "oneTwoThree"), "one|Two|Three");
}

TEST(PreTokenizer, SplitBehaviors) {
  EXPECT_EQ(dashes("Isolated", "a--b"), "a|-|-|b");
  EXPECT_EQ(dashes("Removed", "a--b-"), "a|b");
  EXPECT_EQ(dashes("MergedWithPrevious", "a--b"), "a-|-|b");
  EXPECT_EQ(dashes("MergedWithNext", "a--b"), "a|-|-b");
  EXPECT_EQ(dashes("Contiguous", "a--b"), "a|--|b");
}

TEST(PreTokenizer, InvertTakesWhatMatches) {
  EXPECT_EQ(words(of(R"({"type": "Split", "behavior": "Removed",
                "invert": true, "pattern": {"Regex": "\\p{L}+"}})"),
                  "ab-cd"),
            "ab|cd");
}

TEST(PreTokenizer, Digits) {
  EXPECT_EQ(
      words(of(R"({"type": "Digits", "individual_digits": true})"), "a12"),
      "a|1|2");
  EXPECT_EQ(
      words(of(R"({"type": "Digits", "individual_digits": false})"), "a12b"),
      "a|12|b");
}

TEST(PreTokenizer, Metaspace) {
  const PreTokenizer first = of(R"({"type": "Metaspace", "replacement": "_",
      "prepend_scheme": "first", "split": true})");
  EXPECT_EQ(words(first, "a b"), "_a|_b");
  EXPECT_EQ(words(first, "a b", false), "a|_b");
  EXPECT_EQ(words(first, " a"), "_a");
  const PreTokenizer whole = of(R"({"type": "Metaspace", "replacement": "_",
      "prepend_scheme": "never", "split": false})");
  EXPECT_EQ(words(whole, "a b"), "a_b");
}

}  // namespace
}  // namespace lineas
