// The proximal step against its formulas.
#include "lineas/descent/penalty.h"

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;

TEST(Prox, SoftThresholdAroundTheIdentity) {
  const Tensor scale_D = at::tensor({1.5f, 0.9f, 1.05f, 0.2f});
  const Tensor shift_D = at::tensor({-0.5f, 0.02f, 0.f, 1.f});
  apply_prox(scale_D, shift_D, {.l1_scale = 0.2, .l1_shift = 0.1}, 0.5);
  EXPECT_LE(error_of(scale_D, at::tensor({1.4f, 1.f, 1.f, 0.3f})), 1e-6);
  EXPECT_LE(error_of(shift_D, at::tensor({-0.45f, 0.f, 0.f, 0.95f})), 1e-6);
  EXPECT_EQ(scale_D[1].item<float>(), 1);
  EXPECT_EQ(shift_D[1].item<float>(), 0);
}

TEST(Prox, GroupsShrinkByTheirNormAndVanishTogether) {
  Tensor scale_D = at::tensor({4.f, 5.f});  // scale - 1 = (3, 4), norm 5
  Tensor shift_D = at::tensor({0.03f, -0.04f});
  const double group = 1 / std::sqrt(2.0);  // limit tau
  apply_prox(scale_D, shift_D, {.group_scale = group, .group_shift = group}, 1);
  EXPECT_LE(error_of(scale_D, at::tensor({1 + 2.4f, 1 + 3.2f})), 1e-6);
  EXPECT_TRUE(at::equal(shift_D, at::zeros({2})));
  shift_D = at::zeros({2});  // a norm of 0 divides nothing
  apply_prox(scale_D, shift_D, {.group_shift = group}, 1);
  EXPECT_TRUE(at::equal(shift_D, at::zeros({2})));
}

// The prox minimises (1/2 tau) |v - x|^2 + R(v): no nearby point is better.
TEST(Prox, IsTheMinimiserItClaimsToBe) {
  at::manual_seed(4);
  const Penalty penalty{.l1_scale = 0.3, .group_scale = 0.2};
  constexpr double kTau = 0.7;
  const Tensor start_D = at::randn({6});
  const Tensor scale_D = start_D + 1;
  apply_prox(scale_D, at::zeros({6}), penalty, kTau);
  const auto cost = [&](const Tensor& v_D) {
    return ((v_D - start_D).square().sum() / (2 * kTau) +
            penalty.l1_scale * v_D.abs().sum() +
            penalty.group_scale * std::sqrt(6.0) * v_D.norm())
        .item<double>();
  };
  const Tensor best_D = scale_D - 1;
  for (int i = 0; i < 50; ++i)
    EXPECT_GE(cost(best_D + at::randn({6}) * 0.02), cost(best_D) - 1e-6);
}

}  // namespace
}  // namespace lineas
