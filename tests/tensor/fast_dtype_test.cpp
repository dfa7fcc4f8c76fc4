#include "lineas/tensor/fast_dtype.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

TEST(FastDtype, IsTheOwnOneOrFloat32WithAWordAboutIt) {
  for (const at::ScalarType own : {at::kBFloat16, at::kHalf}) {
    testing::LogCapture log;
    const at::ScalarType taken = fast_dtype(own, at::kCPU, "model m");
    EXPECT_EQ(taken, multiplies_well(own, at::kCPU) ? own : at::kFloat);
    ASSERT_EQ(log.messages.size(), taken == own ? 0U : 1U);
    if (taken != own)
      EXPECT_NE(log.messages[0].find("model m"), std::string::npos);
  }
  EXPECT_EQ(fast_dtype(at::kFloat, at::kCPU, "m"), at::kFloat);
  EXPECT_EQ(fast_dtype(at::kHalf, at::Device(at::kCUDA, 0), "m"), at::kHalf);
}

TEST(FastDtype, NamesAreThoseOfTheCommandLine) {
  EXPECT_EQ(name_of_dtype(at::kFloat), "float32");
  EXPECT_EQ(name_of_dtype(at::kBFloat16), "bfloat16");
  EXPECT_EQ(name_of_dtype(at::kHalf), "float16");
}

}  // namespace
}  // namespace lineas
