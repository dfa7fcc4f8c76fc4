// Proximal gradient on losses whose sparse least point has a closed form.
#include "lineas/descent/proximal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;

constexpr int64_t kWidth = 12;

// sum_i bend_i (x_i - goal_i)^2 / 2, the scales' bends 100 times the shifts'.
struct Bowl {
  Bowl() {
    SiteTable table;
    table.add("a", kWidth);
    parameters.emplace(table, std::vector<SiteIndex>{0}, at::kCPU);
    at::manual_seed(1);
    goal_P = parameters->identity() + at::randn({2 * kWidth});
    bend_P = at::rand({2 * kWidth}) + 0.5;
    bend_P.narrow(0, 0, kWidth).mul_(100);
  }
  Descent::Evaluate evaluate() {
    return [this] {
      ++evaluations;
      const c10::NoGradGuard no_gradients;
      const Tensor off_P = parameters->values() - goal_P;
      parameters->clear_gradient();
      parameters->gradient().add_(bend_P * off_P);
      const double loss = (bend_P * off_P.square()).sum().item<double>() / 2;
      return ObjectiveValue{.loss = loss, .site_loss = {loss}};
    };
  }
  void run(const ProximalOptions& options, const Tensor& free_P = {}) {
    ProximalGradient descent(*parameters, {100}, options, free_P);
    for (int64_t t = 0; t < 500 && !descent.finished(); ++t)
      descent.step(t, evaluate());
    EXPECT_TRUE(descent.finished());
  }
  std::optional<AffineParameters> parameters;
  Tensor goal_P, bend_P;
  int evaluations = 0;
};

ProximalOptions exact(const Penalty& penalty) {
  return {.penalty = penalty, .tolerance = 1e-7};
}

// Every entry by itself: the goal, soft-thresholded by penalty / bend.
TEST(Proximal, FindsTheLassoSolution) {
  Bowl bowl;
  bowl.run(exact({.l1_scale = 60, .l1_shift = 0.7}));
  const Tensor identity_P = bowl.parameters->identity();
  Tensor weight_P = at::full({2 * kWidth}, 0.7);
  weight_P.narrow(0, 0, kWidth).fill_(60);
  const Tensor off_P = bowl.goal_P - identity_P;
  const Tensor golden_P =
      identity_P +
      off_P.sign() * (off_P.abs() - weight_P / bowl.bend_P).clamp_min(0);
  EXPECT_LE(error_of(bowl.parameters->values(), golden_P), 1e-3);
  const Tensor rests_P = golden_P == identity_P;
  EXPECT_GT(rests_P.sum().item<int64_t>(), 0);
  EXPECT_TRUE(at::equal(bowl.parameters->values() == identity_P, rests_P))
      << "at rest exactly";
  EXPECT_LT(bowl.evaluations, 150);
}

TEST(Proximal, AGroupVanishesAsAWhole) {
  Bowl bowl;
  bowl.run(exact({.group_scale = 1e4, .group_shift = 1e-3}));
  const Tensor moved_P =
      bowl.parameters->values() != bowl.parameters->identity();
  EXPECT_EQ(moved_P.narrow(0, 0, kWidth).sum().item<int64_t>(), 0);
  EXPECT_EQ(moved_P.narrow(0, kWidth, kWidth).sum().item<int64_t>(), kWidth);
}

TEST(Proximal, FrozenEntriesKeepTheirBits) {
  Bowl bowl;
  const Tensor free_P = at::arange(2 * kWidth) % 2 == 0;
  const Tensor before_P = bowl.parameters->values().clone();
  bowl.run(exact({}), free_P);
  EXPECT_TRUE(at::equal(bowl.parameters->values() != before_P, free_P));
}

TEST(Proximal, APenaltyThatHoldsEverythingEndsAtOnce) {
  Bowl bowl;
  bowl.run(exact({.l1_scale = 1e6, .l1_shift = 1e6}));
  EXPECT_EQ(bowl.parameters->support(), 0);
  EXPECT_LE(bowl.evaluations, 3);
}

}  // namespace
}  // namespace lineas
