// The first component where it is known, and against trying directions.
#include "lineas/ot/principal.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(PrincipalDirection, IsFoundInNoise) {
  at::manual_seed(5);
  const Tensor planted_D = at::randn({30}, at::kDouble);
  const Tensor unit_D = planted_D / planted_D.norm();
  const Tensor x_ND = at::outer(at::randn({12}, at::kDouble), unit_D) * 5 +
                      at::randn({12, 30}, at::kDouble) * 0.01;
  const Tensor got_D = principal_direction(x_ND);
  EXPECT_NEAR(got_D.norm().item<double>(), 1, 1e-12);
  EXPECT_GT(got_D.dot(unit_D).abs().item<double>(), 0.9999);
}

TEST(PrincipalDirection, NoOtherHoldsMore) {
  at::manual_seed(6);
  const Tensor x_ND = at::randn({5, 3}, at::kDouble);
  const Tensor best_D = principal_direction(x_ND);
  const double most = x_ND.matmul(best_D).square().sum().item<double>();
  for (int i = 0; i < 200; ++i) {
    const Tensor other_D = at::randn({3}, at::kDouble);
    EXPECT_LE(
        x_ND.matmul(other_D / other_D.norm()).square().sum().item<double>(),
        most + 1e-9);
  }
}

TEST(PrincipalDirection, OfEqualOrNoSamples) {
  const Tensor x_D = at::tensor({3.0, 0.0, -4.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(principal_direction(x_D.expand({4, 3})).abs(),
                           at::tensor({0.6, 0.0, 0.8}, at::kDouble)));
  EXPECT_EQ(principal_direction(at::zeros({4, 3})).norm().item<double>(), 0);
}

}  // namespace
}  // namespace lineas
