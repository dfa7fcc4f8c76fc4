#include "lineas/text/unicode.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(Unicode, WhiteSpaceIsTheUnicodeProperty) {
  for (const char32_t code :
       {U' ', U'\t', U'\n', U'\u0085', U'\u00a0', U'\u2028', U'\u3000'}) {
    EXPECT_TRUE(is_white_space(code)) << static_cast<uint32_t>(code);
  }
  for (const char32_t code : {U'a', U'\u180e', U'\u200b', U'\ufeff', U'\x1c'}) {
    EXPECT_FALSE(is_white_space(code)) << static_cast<uint32_t>(code);
  }
}

TEST(Unicode, WordsAndNumbers) {
  EXPECT_TRUE(is_word(U'_'));
  EXPECT_TRUE(is_word(U'\u0416'));
  EXPECT_TRUE(is_word(U'\u0301'));
  EXPECT_FALSE(is_word(U'-'));
  EXPECT_FALSE(is_word(U'\u00bd'));
  EXPECT_TRUE(is_numeric(U'\u00bd'));
  EXPECT_TRUE(is_numeric(U'\u0663'));
  EXPECT_FALSE(is_numeric(U'x'));
}

TEST(Unicode, NormalForms) {
  EXPECT_EQ(normalize("plain", NormalForm::nfd), "plain");
  EXPECT_EQ(normalize("e\xcc\x81", NormalForm::nfc), "\xc3\xa9");
  EXPECT_EQ(normalize("\xc3\xa9", NormalForm::nfd), "e\xcc\x81");
  EXPECT_EQ(normalize("\xef\xac\x81", NormalForm::nfc), "\xef\xac\x81");
  EXPECT_EQ(normalize("\xef\xac\x81", NormalForm::nfkc), "fi");
  const std::string zero("\0\xc3\xa9", 3);
  EXPECT_EQ(normalize(zero, NormalForm::nfc), zero);
}

}  // namespace
}  // namespace lineas
