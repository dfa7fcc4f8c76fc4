// Sinusoids by their formula, and the two orders.
#include "lineas/nn/timestep.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lineas {
namespace {

TEST(TimestepSinusoids, AreCosAndSinOfFallingFrequencies) {
  const Tensor t_B = at::tensor({0.0, 261.5}, at::kDouble);
  const Tensor x = timestep_sinusoids(t_B, 6);
  ASSERT_EQ(x.sizes(), (at::IntArrayRef{2, 6}));
  EXPECT_EQ(x.scalar_type(), at::kFloat);
  for (int64_t i = 0; i < 3; ++i) {
    const double angle = 261.5 * std::pow(10000.0, -static_cast<double>(i) / 3);
    EXPECT_NEAR(x[1][i].item<double>(), std::cos(angle), 1e-5);
    EXPECT_NEAR(x[1][i + 3].item<double>(), std::sin(angle), 1e-5);
    EXPECT_EQ(x[0][i].item<double>(), 1);
  }
}

TEST(TimestepSinusoids, SinFirstShiftAndAnOddWidth) {
  const Tensor t_B = at::tensor({7.0}, at::kFloat);
  const Tensor x =
      timestep_sinusoids(t_B, 5, {.cos_first = false, .freq_shift = 1});
  ASSERT_EQ(x.sizes(), (at::IntArrayRef{1, 5}));
  EXPECT_NEAR(x[0][0].item<double>(), std::sin(7.0), 1e-6);
  EXPECT_NEAR(x[0][1].item<double>(), std::sin(7e-4), 1e-6);
  EXPECT_NEAR(x[0][2].item<double>(), std::cos(7.0), 1e-6);
  EXPECT_EQ(x[0][4].item<double>(), 0);
}

}  // namespace
}  // namespace lineas
