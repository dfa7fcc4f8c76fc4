// Steps, schedules and the proximal step against their formulas.
#include "lineas/learn/optimizer.h"

#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;

TEST(Optimizer, SgdFollowsTheGradient) {
  Optimizer optimizer(OptimizerKind::sgd, 2, at::kCPU);
  Tensor values_P = at::tensor({1.f, 2.f});
  optimizer.step(values_P, at::tensor({0.5f, -1.f}), 0.1);
  EXPECT_LE(error_of(values_P, at::tensor({0.95f, 2.1f})), 1e-7);
}

// Kingma & Ba, algorithm 1, written out in double.
TEST(Optimizer, AdamIsAlgorithmOne) {
  at::manual_seed(3);
  Optimizer optimizer(OptimizerKind::adam, 5, at::kCPU);
  Tensor values_P = at::zeros({5});
  Tensor expected_P = at::zeros({5}, at::kDouble);
  Tensor first_P = expected_P.clone(), second_P = expected_P.clone();
  for (int t = 1; t <= 20; ++t) {
    const Tensor gradient_P = at::randn({5}) * 1e-3;
    const double rate = 0.01 / t;
    optimizer.step(values_P, gradient_P, rate);
    const Tensor wide_P = gradient_P.to(at::kDouble);
    first_P = 0.9 * first_P + 0.1 * wide_P;
    second_P = 0.9 * second_P + 0.1 * wide_P.square();
    const double correction = 1 - std::pow(0.9, t);
    expected_P -=
        rate * (first_P / correction) / ((second_P / correction).sqrt() + 1e-8);
  }
  EXPECT_LE(error_of(values_P, expected_P), 1e-7);
}

TEST(Optimizer, StateCarriesARunOn) {
  const auto gradient = [](int t) { return at::full({3}, 0.1f * (t + 1)); };
  Optimizer whole(OptimizerKind::adam, 3, at::kCPU);
  Optimizer first(OptimizerKind::adam, 3, at::kCPU);
  Optimizer second(OptimizerKind::adam, 3, at::kCPU);
  Tensor expected_P = at::zeros({3}), values_P = at::zeros({3});
  for (int t = 0; t < 6; ++t) whole.step(expected_P, gradient(t), 0.1);
  for (int t = 0; t < 3; ++t) first.step(values_P, gradient(t), 0.1);
  const auto state = first.state();
  second.restore({state.begin(), state.end()});
  for (int t = 3; t < 6; ++t) second.step(values_P, gradient(t), 0.1);
  EXPECT_TRUE(at::equal(values_P, expected_P));
}

TEST(Optimizer, Schedules) {
  EXPECT_EQ(learning_rate(Schedule::constant, 0.1, 7, 10), 0.1);
  EXPECT_EQ(learning_rate(Schedule::cosine, 0.1, 0, 10), 0.1);
  EXPECT_NEAR(learning_rate(Schedule::cosine, 0.1, 10, 10), 1e-4, 1e-12);
  EXPECT_NEAR(learning_rate(Schedule::cosine, 0.1, 5, 10), 0.05005, 1e-12);
}

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

TEST(Optimizer, UnknownWordsListTheKnown) {
  testing::expect_error(ErrorKind::usage, {"adamw", "adam", "sgd"}, [] {
    parse_optimizer("adamw");
  });
  testing::expect_error(ErrorKind::usage, {"linear", "cosine", "constant"}, [] {
    parse_schedule("linear");
  });
}

}  // namespace
}  // namespace lineas
