// Every type against the gguf Python package, bit for bit; see
// tools/goldens/make_gguf.py.
#include "lineas/tensor/dequantize.h"

#include <gtest/gtest.h>

#include "lineas/tensor/checkpoint.h"
#include "lineas/tensor/gguf_file.h"
#include "lineas/tensor/weight_store.h"
#include "tests/support/errors.h"
#include "tests/support/folder.h"
#include "tests/support/gguf.h"

namespace lineas {
namespace {

const std::string kData = LINEAS_SOURCE_DIR "/tests/tensor/data/";
const std::string kRemake = "remake: python3 tools/goldens/make_gguf.py types";

/// The bits as numbers; every NaN as the same one.
Tensor bits(const Tensor& values) {
  const Tensor one =
      at::where(values.isnan(), at::full_like(values, std::nan("")), values);
  return one.scalar_type() == at::kFloat ? one.view(at::kInt)
                                         : one.view(at::kShort);
}

class EveryType : public ::testing::Test {
 protected:
  GgufFile file_{kData + "gguf_types.gguf"};
  SafetensorsFile golden_{kData + "gguf_types.safetensors"};
};

TEST_F(EveryType, Float32IsThatOfTheReferenceToTheBit) {
  ASSERT_EQ(file_.names().size(), 16U);
  for (const std::string& name : file_.names()) {
    const Tensor made = file_.load(name, at::kFloat);
    EXPECT_EQ(name_of(file_.tensor(name).type), name);
    EXPECT_TRUE(at::equal(bits(made), bits(golden_.view(name))))
        << name << ", " << kRemake;
  }
}

TEST_F(EveryType, OtherDtypesAreThatRounded) {
  for (const std::string& name : file_.names()) {
    // A stored float64 is rounded once, not by way of float32.
    if (name == "F64") continue;
    const Tensor exact = golden_.view(name);
    for (const auto dtype : {at::kBFloat16, at::kHalf})
      EXPECT_TRUE(
          at::equal(bits(file_.load(name, dtype)), bits(exact.to(dtype))))
          << name << " as " << dtype;
  }
}

TEST_F(EveryType, ManyBlocksOnManyThreads) {
  const GgufTensor& tensor = file_.tensor("Q4_K");
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes += file_.stored_bytes("Q4_K");
  const testing::TempFolder folder;
  testing::GgufBuilder builder;
  builder.tensor(
      "w", {3000, 4, 256}, static_cast<uint32_t>(tensor.type), bytes);
  folder.write("m.gguf", builder.bytes());
  const Tensor made = GgufFile(folder / "m.gguf").load("w", at::kFloat);
  const Tensor one = golden_.view("Q4_K");
  EXPECT_TRUE(at::equal(bits(made[0]), bits(one)));
  EXPECT_TRUE(at::equal(bits(made[1501]), bits(one)));
  EXPECT_TRUE(at::equal(bits(made[2999]), bits(one)));
}

TEST(GgufFile, PartOfTheFirstDimension) {
  const testing::TempFolder folder;
  testing::GgufBuilder builder;
  std::string bytes;
  for (int i = 0; i < 12; ++i) bytes += testing::little<float>(i);
  builder.tensor("w", {3, 2, 2}, 0, bytes);
  folder.write("m.gguf", builder.bytes());
  const GgufFile file(folder / "m.gguf");
  EXPECT_EQ(to_string(file.load("w", 1, at::kFloat).sizes()), "[2, 2]");
  EXPECT_EQ(file.load("w", 2, at::kBFloat16).sum().item<float>(), 38);
  testing::expect_error(ErrorKind::shape, {"m.gguf", "\"w\"", "3"}, [&] {
    file.load("w", 3, at::kFloat);
  });
  testing::expect_error(ErrorKind::not_found, {"m.gguf", "\"v\"", "w"}, [&] {
    file.load("v", at::kFloat);
  });
}

TEST(GgufFile, BytesThatAreNotAligned) {
  const testing::TempFolder folder;
  testing::GgufBuilder builder;
  builder.alignment = 1;
  builder.u32("general.alignment", 1);
  builder.tensor("odd", {1}, 1, testing::little<uint16_t>(0x3c00));
  builder.tensor("w", {1}, 0, testing::little(3.5F));
  folder.write("m.gguf", builder.bytes());
  EXPECT_EQ(GgufFile(folder / "m.gguf").load("w", at::kFloat).item<float>(),
            3.5F);
}

TEST(Dequantize, TypesWithoutBlocksAreRefused) {
  float value = 0;
  testing::expect_error(ErrorKind::unsupported, {"F32"}, [&] {
    dequantize(GgmlType::f32, nullptr, 0, &value);
  });
}

}  // namespace
}  // namespace lineas
