// Steps and schedules against their formulas.
#include "lineas/descent/optimizer.h"

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
