#include "lineas/base/json.h"

#include <gtest/gtest.h>

#include <chrono>

#include "lineas/base/error.h"

namespace lineas {
namespace {

template <typename F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::format);
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

TEST(Json, ParsesAndReads) {
  const Json json =
      parse_json(R"({"n":3,"x":2,"s":"t","l":[1,2],"b":true,"z":null})", "c");
  EXPECT_EQ(require<int>(json, "n", "c"), 3);
  EXPECT_EQ(require<double>(json, "x", "c"), 2.0);
  EXPECT_EQ(require<std::string>(json, "s", "c"), "t");
  EXPECT_EQ(require<std::vector<int64_t>>(json, "l", "c").size(), 2u);
  EXPECT_TRUE(require<bool>(json, "b", "c"));
  EXPECT_TRUE(require<Json>(json, "z", "c").is_null());
  EXPECT_EQ(value_or<int>(json, "z", "c", 7), 7);
  EXPECT_EQ(value_or<int>(json, "absent", "c", 8), 8);
  EXPECT_EQ(value_or<int>(json, "n", "c", 8), 3);
}

TEST(Json, ErrorsNamePlaceAndKey) {
  const Json json = parse_json(
      R"({"n":-3,"x":2.5,"big":5000000000,"l":[1,"a"],"b":true})", "c.json");
  EXPECT_EQ(error_of([&] { require<int>(json, "hidden", "c.json"); }),
            "c.json: has no \"hidden\"");
  EXPECT_EQ(error_of([&] { require<int>(json, "x", "c.json"); }),
            "c.json: \"x\" is 2.5, an integer is needed");
  EXPECT_EQ(error_of([&] { require<uint64_t>(json, "n", "c.json"); }),
            "c.json: \"n\" is -3, a non-negative integer is needed");
  error_of([&] { require<int32_t>(json, "big", "c.json"); });
  error_of([&] { require<int>(json, "b", "c.json"); });
  error_of([&] { require<bool>(json, "n", "c.json"); });
  error_of([&] { value_or<std::string>(json, "n", "c.json", ""); });
  error_of([&] { require<std::vector<int>>(json, "l", "c.json"); });
  EXPECT_NE(error_of([&] {
              require<int>(Json(3), "n", "c.json");
            }).find("is a JSON number"),
            std::string::npos);
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string text :
       {"", "{", "{\"a\":1}x", "{'a':1}", "[1,]", "\"\xff\"", "1e999"}) {
    EXPECT_EQ(error_of([&] { parse_json(text, "f:3"); }).find("f:3: "), 0u)
        << text;
  }
  error_of([] { parse_json(std::string_view("{}\0x", 4), "f"); });
}

TEST(Json, NestingIsLimited) {
  const auto nested = [](size_t n) {
    return std::string(n, '[') + std::string(n, ']');
  };
  EXPECT_NO_THROW(parse_json(nested(64), "f"));
  EXPECT_NO_THROW(parse_json("[\"" + std::string(1000, '[') + "\"]", "f"));
  EXPECT_NE(error_of([&] { parse_json(nested(65), "f"); }).find("64 levels"),
            std::string::npos);
}

TEST(Json, UniqueRefusesAKeyTwice) {
  const std::string text = R"({"a":{"k":1},"b":{"k":2},"a":3})";
  EXPECT_EQ(parse_json(text, "f")["a"], 3);
  EXPECT_EQ(error_of([&] { parse_json_unique(text, "f"); }),
            "f: the key \"a\" appears twice");
  EXPECT_NO_THROW(parse_json_unique(R"([{"a":1},{"a":1}])", "f"));
}

// The parser's callback takes a minute for this.
TEST(Json, ManyKeysTakeLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i)
    text += fmt::format("\"tensor {}\":{{\"shape\":[1]}},", i);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(parse_json_unique(text + "\"x\":1}", "f").size(), 100'001u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(error_of([&] { parse_json_unique(text + "\"tensor 3\":1}", "f"); }),
            "f: the key \"tensor 3\" appears twice");
}

TEST(Json, ShowsNoControlCharacters) {
  const std::string message = error_of(
      [] { parse_json("\"" + std::string(5000, 'a') + "\x1b\"", "f"); });
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_LT(message.size(), 400u);
  EXPECT_EQ(error_of([] { parse_json_unique("{\"\\n\":1,\"\\n\":1}", "f"); }),
            "f: the key \"\\x0a\" appears twice");
}

}  // namespace
}  // namespace lineas
