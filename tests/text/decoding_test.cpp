#include "lineas/text/decoding.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

class DecodingTest : public testing::Test {
 protected:
  DecodingTest() : table_(vocabulary(), {}, "t") {
    pieces_.replacements = {{"\xe2\x96\x81", " "}};
    pieces_.byte_fallback = true;
    pieces_.strip = " ";
    pieces_.strip_count = 1;
  }

  static Vocabulary vocabulary() {
    return {{"\xe2\x96\x81Hi", 0},
            {"<0xC3>", 1},
            {"<0xA9>", 2},
            {"x", 3},
            {"\xe2\x96\x81", 4},
            {".", 5},
            {"\xc3\x83", 6},  // byte C3
            {"\xc2\xa9", 7},  // byte A9
            {"\xc4\xa0", 8},
            {"n", 9}};
  }

  /// The pieces that come out, one a push, then what finish gives.
  std::vector<std::string> stream(const Decoding& decoding,
                                  const std::vector<int64_t>& ids) const {
    const auto stream = make_decode_stream(table_, decoding, false);
    std::vector<std::string> pieces;
    for (const int64_t id : ids) pieces.push_back(stream->push(id));
    pieces.push_back(stream->finish());
    return pieces;
  }

  TokenTable table_;
  Decoding pieces_;
};

using Strings = std::vector<std::string>;

TEST_F(DecodingTest, RunsOfBytesWaitForTheirEnd) {
  EXPECT_EQ(stream(pieces_, {0, 1, 2, 3}),
            (Strings{"Hi", "", "", "\xc3\xa9x", ""}));
  EXPECT_EQ(stream(pieces_, {0, 1, 2}), (Strings{"Hi", "", "", "\xc3\xa9"}));
  EXPECT_EQ(stream(pieces_, {1, 1}),
            (Strings{"", "", "\xef\xbf\xbd\xef\xbf\xbd"}));
}

TEST_F(DecodingTest, OnlyTheFirstSpaceIsStripped) {
  EXPECT_EQ(stream(pieces_, {4, 0, 0}), (Strings{"", " Hi", " Hi", ""}));
  EXPECT_EQ(stream(pieces_, {3, 0}), (Strings{"x", " Hi", ""}));
}

TEST_F(DecodingTest, MetaspaceIsDroppedInTheFirstToken) {
  Decoding decoding;
  decoding.metaspace = "\xe2\x96\x81";
  EXPECT_EQ(stream(decoding, {0, 0}), (Strings{"Hi", " Hi", ""}));
  decoding.keeps_first = true;
  EXPECT_EQ(stream(decoding, {0, 0}), (Strings{" Hi", " Hi", ""}));
}

TEST_F(DecodingTest, ByteLevelCutsAtWholeCharacters) {
  Decoding decoding;
  decoding.byte_level = true;
  EXPECT_EQ(stream(decoding, {3, 6, 7, 6}),
            (Strings{"x", "", "\xc3\xa9", "", "\xef\xbf\xbd"}));
  EXPECT_EQ(bytes_of_token("\xc3\x83", decoding), "\xc3");
  EXPECT_EQ(bytes_of_token("two words", decoding), "two words");
}

TEST_F(DecodingTest, CleanUpHoldsBackWhatCouldChange) {
  Decoding decoding;
  decoding.byte_level = true;
  decoding.clean_up = true;
  EXPECT_EQ(stream(decoding, {3, 8, 5, 3}), (Strings{"x", "", ".", "x", ""}));
  EXPECT_EQ(stream(decoding, {3, 8, 9, 3}), (Strings{"x", "", "", " nx", ""}));
  EXPECT_EQ(clean_up_spaces("do n't , I 've ' x ' ."), "don't, I've'x '.");
}

}  // namespace
}  // namespace lineas
