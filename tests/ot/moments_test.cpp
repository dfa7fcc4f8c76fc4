// Mean and deviation by hand, and which neurons count as flat.
#include "lineas/ot/moments.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(Moments, AreTheUnbiasedOnes) {
  const Moments got = moments(at::tensor({1.0, 2.0, 6.0}).view({3, 1}));
  EXPECT_DOUBLE_EQ(got.mean_D.item<double>(), 3);
  EXPECT_DOUBLE_EQ(got.deviation_D.item<double>(), std::sqrt(14.0 / 2));
}

TEST(Moments, OfOneSampleHaveNoSpread) {
  const Moments got = moments(at::tensor({2.5}).view({1, 1}));
  EXPECT_EQ(got.mean_D.item<double>(), 2.5);
  EXPECT_EQ(got.deviation_D.item<double>(), 0);
}

bool flat(double mean, double deviation, double target_deviation) {
  const auto one = [](double value) {
    return at::tensor({value}, at::kDouble);
  };
  return is_flat({one(mean), one(deviation)}, {one(0), one(target_deviation)})
      .item<bool>();
}

TEST(Flat, NeuronsAreThoseWhoseSpreadIsRounding) {
  EXPECT_TRUE(flat(0, 0, 0));
  EXPECT_TRUE(flat(0, 1e-6, 1e-9));
  EXPECT_FALSE(flat(0, 2e-6, 1e-4));
  EXPECT_TRUE(flat(-100, 1e-3, 0.1));  // 1e-5 of the mean
  EXPECT_FALSE(flat(-100, 1.1e-3, 0.1));
  EXPECT_TRUE(flat(0, 1e-3, 1));  // 1e-3 of the target's deviation
  EXPECT_FALSE(flat(0, 1.1e-3, 1));
}

}  // namespace
}  // namespace lineas
