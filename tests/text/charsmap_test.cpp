#include "lineas/text/charsmap.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"

namespace lineas {
namespace {

TEST(CharsMap, WhatIsNoMapIsRefused) {
  for (const std::string bytes :
       {"", "\x04", "\xff\xff\xff\x7f....", "\x03\x00\x00\x00....", "\x04"}) {
    EXPECT_THROW(CharsMap(bytes, "t"), Error);
  }
}

TEST(CharsMap, AnEmptyTrieChangesNothing) {
  const CharsMap map(std::string("\x04\0\0\0\0\0\0\0", 8), "t");
  EXPECT_EQ(map("a e\xcc\x81 \xf0\x9f\x98\x80"),
            "a e\xcc\x81 \xf0\x9f\x98\x80");
}

TEST(Base64, ThereAndBack) {
  EXPECT_EQ(encode_base64("Man"), "TWFu");
  EXPECT_EQ(encode_base64("Ma"), "TWE=");
  EXPECT_EQ(encode_base64("M"), "TQ==");
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decode_base64(encode_base64(bytes), "t"), bytes);
    bytes += static_cast<char>(i);
  }
  EXPECT_THROW(decode_base64("a-b", "t"), Error);
  EXPECT_THROW(decode_base64("abcde", "t"), Error);
}

}  // namespace
}  // namespace lineas
