#include "lineas/text/normalizer.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

std::string normalized(const char* spec, std::string_view text) {
  return read_normalizer(Json::parse(spec), "t")(text).text;
}

TEST(Normalizer, NullChangesNothing) {
  EXPECT_TRUE(read_normalizer(Json(), "t").empty());
  EXPECT_EQ(normalized("null", "e\xcc\x81"), "e\xcc\x81");
}

TEST(Normalizer, StepsInOrder) {
  const char* llama = R"({"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "_"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "_"}]})";
  EXPECT_EQ(normalized(llama, "a  b"), "_a__b");
  EXPECT_EQ(normalized(llama, ""), "");
}

TEST(Normalizer, FormsAndPatterns) {
  EXPECT_EQ(normalized(R"({"type": "NFC"})", "e\xcc\x81"), "\xc3\xa9");
  EXPECT_EQ(normalized(R"({"type": "Lowercase"})", "\xc3\x89 \xc4\xb0"),
            "\xc3\xa9 i\xcc\x87");
  EXPECT_EQ(normalized(R"({"type": "Strip", "strip_left": false,
                "strip_right": true})",
                       " a \n"),
            " a");
  EXPECT_EQ(normalized(R"({"type": "Replace",
                "pattern": {"Regex": "\\s+"}, "content": " "})",
                       "a \n b"),
            "a b");
}

TEST(Normalizer, KnowsWhetherTheFrontIsTheTexts) {
  const auto cuts = [](const char* spec, std::string_view text) {
    return read_normalizer(Json::parse(spec), "t")(text).cut_front;
  };
  const char* strip =
      R"({"type": "Strip", "strip_left": true, "strip_right": false})";
  EXPECT_TRUE(cuts(strip, " a"));
  EXPECT_FALSE(cuts(strip, "a "));
  EXPECT_FALSE(cuts(R"({"type": "Prepend", "prepend": "_"})", "a"));
}

}  // namespace
}  // namespace lineas
