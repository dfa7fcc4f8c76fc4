#include "lineas/base/safetensors.h"

#include <gtest/gtest.h>

#include "lineas/base/error.h"

namespace lineas {
namespace {

SafetensorsTable parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "m.safetensors");
}

TEST(Safetensors, HeaderRoundTrips) {
  const std::vector<TensorEntry> tensors = {
      {"b \"quoted\"", DType::bf16, {2, 3}},
      {"a", DType::f64, {}},
      {"empty", DType::i64, {0, 7}}};
  const std::string header =
      safetensors_header(tensors, {{"format", "x"}, {"a", "line\nbreak"}});
  EXPECT_EQ(header.size() % 8, 0u);
  const SafetensorsTable table = parse(header + std::string(12 + 8, '\1'));
  ASSERT_EQ(table.tensors.size(), 3u);
  EXPECT_EQ(table.tensors[0].name, "b \"quoted\"");
  EXPECT_EQ(table.tensors[0].dtype, DType::bf16);
  EXPECT_EQ(table.tensors[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(table.tensors[0].begin, header.size());
  EXPECT_EQ(table.tensors[1].name, "a");
  EXPECT_EQ(table.tensors[1].begin, header.size() + 12);
  EXPECT_EQ(table.tensors[1].end, header.size() + 20);
  EXPECT_EQ(table.tensors[2].end, table.tensors[2].begin);
  EXPECT_EQ(table.metadata.at("a"), "line\nbreak");
}

TEST(Safetensors, HeaderIsTheSameBytesEachTime) {
  EXPECT_EQ(
      safetensors_header({{"w", DType::f32, {2}}}, {{"k", "v"}}).substr(8),
      "{\"__metadata__\":{\"k\":\"v\"},\"w\":{\"dtype\":\"F32\","
      "\"shape\":[2],\"data_offsets\":[0,8]}} ");
}

// The safetensors library (0.6) reads it as no metadata.
TEST(Safetensors, MetadataMayBeNull) {
  std::string json = R"({"__metadata__":null,"w":{"dtype":"U8","shape":[1],)"
                     R"("data_offsets":[0,1]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(json.size());
  const SafetensorsTable table = parse(file + json + "x");
  EXPECT_TRUE(table.metadata.empty());
  EXPECT_EQ(table.tensors.size(), 1u);
}

TEST(Safetensors, RefusesToWriteANameTwice) {
  EXPECT_THROW(
      safetensors_header({{"w", DType::f32, {2}}, {"w", DType::f32, {2}}}, {}),
      Error);
  EXPECT_THROW(safetensors_header({{"__metadata__", DType::f32, {2}}}, {}),
               Error);
  EXPECT_THROW(safetensors_header({{"w\xff", DType::f32, {2}}}, {}), Error);
}

TEST(Safetensors, RefusesToWriteAHeaderThatNobodyReads) {
  try {
    safetensors_header({}, {{"k", std::string(100'000'001, 'v')}});
    ADD_FAILURE() << "no Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::format);
    EXPECT_NE(std::string(error.what()).find("100000000"), std::string::npos);
  }
}

TEST(Safetensors, NamesInMessagesAreHarmless) {
  const std::string json =
      "{\"\\u001b[31m" + std::string(5000, 'a') +
      "\":{\"dtype\":\"F3\",\"shape\":[],\"data_offsets\":[0,0]}}";
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(json.size() >> (8 * i) & 0xff);
  try {
    parse(bytes + json);
    ADD_FAILURE() << "no Error";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("\\x1b[31maaa"), std::string::npos) << message;
    EXPECT_LT(message.size(), 500u);
  }
}

TEST(Safetensors, SizesAndNames) {
  EXPECT_EQ(size_of(DType::bf16), 2u);
  EXPECT_EQ(size_of(DType::boolean), 1u);
  EXPECT_EQ(name_of(DType::f64), "F64");
}

}  // namespace
}  // namespace lineas
