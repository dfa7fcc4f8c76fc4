#include "lineas/base/gguf.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "lineas/base/ggml_type.h"
#include "lineas/base/gguf_metadata.h"
#include "lineas/base/gguf_parts.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/gguf.h"

namespace lineas {
namespace {

using testing::GgufBuilder;

std::span<const std::byte> bytes_of(const std::string& file) {
  return std::as_bytes(std::span(file));
}

GgufBuilder small_file() {
  GgufBuilder file;
  file.text("general.architecture", "llama")
      .u32("llama.block_count", 2)
      .f32("llama.eps", 1e-5F)
      .flag("yes", true)
      .texts("list", {"a", "", "ccc"})
      .i32s("ids", {-1, 7})
      .f32s("scores", {0.5F, -1.0F});
  file.filled("a", {2, 3}, 1).filled("b", {5}, 2);
  return file;
}

TEST(Gguf, BothVersionsGiveTensorsWhereTheyLie) {
  for (const uint32_t version : {2U, 3U}) {
    GgufBuilder builder = small_file();
    builder.version = version;
    const std::string file = builder.bytes();
    const GgufTable table = parse_gguf(bytes_of(file), "m.gguf");
    ASSERT_EQ(table.tensors.size(), 2U);
    EXPECT_EQ(table.tensors[0].name, "a");
    EXPECT_EQ(table.tensors[0].shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(table.tensors[0].end - table.tensors[0].begin, 24U);
    EXPECT_EQ(table.tensors[1].begin % 32, 0U);
    EXPECT_EQ(file.substr(table.tensors[1].begin, 4), testing::little(2.0F));
  }
}

TEST(Gguf, MetadataByType) {
  const std::string file = small_file().bytes();
  const GgufMetadata metadata = parse_gguf(bytes_of(file), "m.gguf").metadata;
  EXPECT_EQ(metadata.require<std::string>("general.architecture"), "llama");
  EXPECT_EQ(metadata.require<int64_t>("llama.block_count"), 2);
  // The decimal number that was meant, not the float beside it.
  EXPECT_EQ(metadata.require<double>("llama.eps"), 1e-5);
  EXPECT_TRUE(metadata.require<bool>("yes"));
  EXPECT_EQ(metadata.require<std::vector<std::string>>("list"),
            (std::vector<std::string>{"a", "", "ccc"}));
  EXPECT_EQ(metadata.require<std::vector<int64_t>>("ids"),
            (std::vector<int64_t>{-1, 7}));
  EXPECT_EQ(metadata.require<std::vector<double>>("scores"),
            (std::vector<double>{0.5, -1}));
  EXPECT_EQ(metadata.as_json("ids"), Json({-1, 7}));
  EXPECT_EQ(metadata.value_or<int64_t>("absent", 5), 5);
  EXPECT_EQ(metadata.keys().size(), 7U);
}

TEST(Gguf, MetadataOfAnotherTypeIsRefusedByItsKey) {
  const std::string file = small_file().bytes();
  const GgufMetadata metadata = parse_gguf(bytes_of(file), "m.gguf").metadata;
  const auto refused = [&](const std::string& key, auto read) {
    testing::expect_error(ErrorKind::format, {"m.gguf", key}, read);
  };
  refused("absent", [&] { metadata.require<bool>("absent"); });
  refused("yes", [&] { metadata.require<int64_t>("yes"); });
  refused("ids", [&] { metadata.require<int64_t>("ids"); });
  refused("list", [&] { metadata.require<std::vector<int64_t>>("list"); });
  refused("llama.eps", [&] { metadata.require<int64_t>("llama.eps"); });
}

TEST(Gguf, NumbersOfEveryWidth) {
  GgufBuilder file;
  file.raw("u8", 0, "\xff").raw("i8", 1, "\xff");
  file.raw("u16", 2, testing::little<uint16_t>(65535));
  file.raw("i16", 3, testing::little<int16_t>(-2));
  file.raw("u64", 10, testing::little<uint64_t>(1));
  file.raw("huge", 10, testing::little(std::numeric_limits<uint64_t>::max()));
  file.raw("i64", 11, testing::little<int64_t>(-3));
  file.raw("f64", 12, testing::little(0.1));
  const std::string bytes = file.bytes();
  const GgufMetadata metadata = parse_gguf(bytes_of(bytes), "m.gguf").metadata;
  const auto whole = [&](const char* key) {
    return metadata.require<int64_t>(key);
  };
  EXPECT_EQ(whole("u8"), 255);
  EXPECT_EQ(whole("i8"), -1);
  EXPECT_EQ(whole("u16"), 65535);
  EXPECT_EQ(whole("i16"), -2);
  EXPECT_EQ(whole("u64"), 1);
  EXPECT_EQ(whole("i64"), -3);
  EXPECT_EQ(metadata.require<double>("f64"), 0.1);
  testing::expect_error(ErrorKind::format, {"huge"}, [&] { whole("huge"); });
}

TEST(Gguf, KnowsAFileByNameOrMagic) {
  const testing::TempFolder folder;
  folder.write("a.gguf", "");
  folder.write("blob", small_file().bytes());
  folder.write("text", "GGU");
  EXPECT_TRUE(is_gguf_file(folder / "a.gguf"));
  EXPECT_TRUE(is_gguf_file(folder / "blob"));
  EXPECT_FALSE(is_gguf_file(folder / "text"));
  EXPECT_FALSE(is_gguf_file(folder / "absent.gguf"));
  EXPECT_FALSE(is_gguf_file(folder.path()));
}

TEST(Gguf, PartsOfASplitModelByName) {
  const auto parts = find_gguf_parts("x/m-00002-of-00003.gguf");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->count, 3);
  EXPECT_EQ(parts->path(3), "x/m-00003-of-00003.gguf");
  EXPECT_EQ(first_gguf_part("m-00002-of-00003.gguf"), "m-00001-of-00003.gguf");
  for (const char* whole : {"m.gguf",
                            "",
                            "m-00001-of-00001.gguf",
                            "m-0001-of-0003.gguf",
                            "m-00001-of-0000x.gguf"}) {
    EXPECT_FALSE(find_gguf_parts(whole)) << whole;
    EXPECT_EQ(first_gguf_part(whole), whole);
  }
}

TEST(Gguf, ModelsOfAFolder) {
  const testing::TempFolder folder;
  EXPECT_TRUE(gguf_models_in(folder.path()).empty());
  EXPECT_TRUE(gguf_models_in(folder / "absent").empty());
  for (const char* name : {"m-00001-of-00002.gguf",
                           "m-00002-of-00002.gguf",
                           "mmproj-f16.gguf",
                           "a.gguf",
                           "README.md"})
    folder.write(name, "");
  EXPECT_EQ(gguf_models_in(folder.path()),
            (std::vector{folder / "a.gguf", folder / "m-00001-of-00002.gguf"}));
}

TEST(Gguf, TypesByNumber) {
  EXPECT_EQ(read_ggml_type(12, "t"), GgmlType::q4_k);
  EXPECT_EQ(name_of(GgmlType::iq4_xs), "IQ4_XS");
  EXPECT_EQ(block_elements(GgmlType::q6_k), 256);
  EXPECT_EQ(block_bytes(GgmlType::q8_0), 34);
  EXPECT_FALSE(is_quantized(GgmlType::bf16));
  testing::expect_error(ErrorKind::unsupported, {"t", "IQ2_XS", "Q4_K"}, [] {
    read_ggml_type(17, "t");
  });
  testing::expect_error(
      ErrorKind::format, {"t", "4"}, [] { read_ggml_type(4, "t"); });
}

}  // namespace
}  // namespace lineas
