#include "lineas/base/utf8.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(Utf8, ReadsOneCharacter) {
  EXPECT_EQ(next_utf8("a").code, U'a');
  EXPECT_EQ(next_utf8("\xc3\xa9x").code, U'\u00e9');
  EXPECT_EQ(next_utf8("\xf0\x9f\x98\x80").code, U'\U0001f600');
  EXPECT_EQ(next_utf8("\xf0\x9f\x98\x80").length, 4u);
  EXPECT_EQ(next_utf8("").length, 0u);
}

TEST(Utf8, UnfinishedIsNotInvalid) {
  EXPECT_EQ(next_utf8("\xf0\x9f\x98").length, 0u);
  EXPECT_FALSE(next_utf8("\xf0\x9f\x98").code.has_value());
  EXPECT_EQ(next_utf8("\xf0\x9f"
                      "a")
                .length,
            2u);
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_FALSE(find_invalid_utf8("plain \xe2\x82\xac").has_value());
  EXPECT_EQ(find_invalid_utf8("ab\xff"), 2u);
  EXPECT_EQ(find_invalid_utf8("\xc0\x80"), 0u);          // overlong
  EXPECT_EQ(find_invalid_utf8("a\xed\xa0\x80"), 1u);     // surrogate
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(find_invalid_utf8("a\xe2\x82"), 1u);         // cut
}

// The counts of U+FFFD that Unicode recommends (chapter 3, "maximal subpart").
TEST(Utf8, RepairsAsRecommended) {
  const std::string mark(kReplacement);
  const auto repaired = [](std::string_view bytes) {
    std::string out;
    EXPECT_EQ(append_lossy(bytes, true, out), bytes.size());
    return out;
  };
  EXPECT_EQ(repaired("a\xff"
                     "b"),
            "a" + mark + "b");
  EXPECT_EQ(repaired("\xf0\x80\x80"), mark + mark + mark);
  EXPECT_EQ(repaired("\xe2\x82"), mark);
  EXPECT_EQ(repaired("\xf0\x9f\x98\xe2\x82\xac"), mark + "\xe2\x82\xac");
}

TEST(Utf8, HoldsBackAnUnfinishedCharacter) {
  std::string out;
  EXPECT_EQ(append_lossy("a\xe2\x82", false, out), 1u);
  EXPECT_EQ(out, "a");
}

}  // namespace
}  // namespace lineas
