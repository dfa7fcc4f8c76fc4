// Percentiles by hand.
#include "lineas/ot/support.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(QuantileRange, InterpolatesBetweenSortedValues) {
  const Tensor x_ND =
      at::tensor({4.0, 1.0, 2.0, 9.0, 3.0, 30.0, 10.0, 20.0, 0.0, 40.0})
          .view({5, 2});
  const QuantileRange range = quantile_range(x_ND, 10, 75);
  // First neuron: 0 2 3 4 10; second: 1 9 20 30 40.
  EXPECT_TRUE(at::allclose(range.low_D, at::tensor({0.8, 4.2}, at::kDouble)));
  EXPECT_TRUE(at::allclose(range.high_D, at::tensor({4.0, 30.0}, at::kDouble)));
}

TEST(QuantileRange, ReachesFromTheSmallestToTheLargest) {
  at::manual_seed(1);
  const Tensor x_ND = at::randn({6, 3}, at::kDouble);
  const QuantileRange range = quantile_range(x_ND, 0, 100);
  EXPECT_TRUE(range.low_D.equal(x_ND.amin(0)));
  EXPECT_TRUE(range.high_D.equal(x_ND.amax(0)));
  const QuantileRange one = quantile_range(x_ND.narrow(0, 0, 1), 5, 95);
  EXPECT_TRUE(one.low_D.equal(one.high_D));
}

}  // namespace
}  // namespace lineas
