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
    parameters.emplace(table, std::vector{Place{0}});
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

// A long step may lead to where the loss, or its gradient behind a finite loss,
// is no number.
TEST(Proximal, AStepIntoNaNIsTakenBack) {
  for (const bool is_loss : {true, false}) {
    Bowl bowl;
    ProximalGradient descent(*bowl.parameters, {100}, exact({}));
    const auto evaluate = [&] {
      ObjectiveValue value = bowl.evaluate()();
      if (bowl.evaluations % 3 != 2) return value;
      if (is_loss) value.loss = NAN;
      if (!is_loss) bowl.parameters->gradient()[1] = NAN;
      return value;
    };
    for (int64_t t = 0; t < 100 && !descent.finished(); ++t) {
      EXPECT_TRUE(std::isfinite(descent.step(t, evaluate).loss)) << t;
      ASSERT_TRUE(bowl.parameters->values().isfinite().all().item<bool>());
    }
    descent.finish();
    EXPECT_LE(error_of(bowl.parameters->values(), bowl.goal_P), 1e-2);
  }
}

// There is no way down from there: the caller finds out which maps are broken.
TEST(Proximal, AGradientOfNaNShowsInTheMaps) {
  Bowl bowl;
  ProximalGradient descent(*bowl.parameters, {100}, exact({}));
  descent.step(0, [&] {
    const ObjectiveValue value = bowl.evaluate()();
    bowl.parameters->gradient()[1] = NAN;
    return value;
  });
  EXPECT_TRUE(descent.finished());
  EXPECT_TRUE(bowl.parameters->scale_D(0).isnan().any().item<bool>());
}

// Some steps lead up; which one is the last is chance.
TEST(Proximal, FinishGoesBackToTheBestPoint) {
  int64_t went_up = 0;
  for (int64_t steps = 1; steps < 40; ++steps) {
    Bowl bowl;
    bowl.bend_P.mul_(at::logspace(-1, 1, 2 * kWidth));
    const auto evaluate = bowl.evaluate();
    ProximalGradient descent(*bowl.parameters, {100}, exact({}));
    double best = INFINITY;
    for (int64_t t = 0; t < steps; ++t)
      best = std::min(best, descent.step(t, evaluate).loss);
    const double last = evaluate().loss;
    went_up += last > best;
    // What a resumed run would know.
    ProximalGradient resumed(*bowl.parameters, {100}, exact({}));
    const auto state = descent.state();
    resumed.restore({state.begin(), state.end()});
    for (ProximalGradient* each : {&descent, &resumed}) {
      EXPECT_EQ(each->finish(), std::min(best, last)) << steps;
      EXPECT_EQ(evaluate().loss, std::min(best, last)) << steps;
      bowl.parameters->values().zero_();
    }
  }
  EXPECT_GT(went_up, 0) << "or the test shows nothing";
}

TEST(Proximal, AStepThatIsBrokenOffDidNotHappen) {
  Bowl bowl;
  ProximalGradient descent(*bowl.parameters, {100}, exact({.l1_shift = 0.1}));
  for (int64_t t = 0; t < 3; ++t) descent.step(t, bowl.evaluate());
  const auto copy = [&] {
    std::vector<Tensor> copies{bowl.parameters->values().clone()};
    for (const auto& [name, tensor] : descent.state())
      copies.push_back(tensor.clone());
    return copies;
  };
  const std::vector<Tensor> before = copy();
  int64_t looks = 0;
  EXPECT_THROW(descent.step(3,
                            [&] {
                              if (++looks == 2)
                                throw std::runtime_error("enough");
                              ObjectiveValue value = bowl.evaluate()();
                              value.loss = 1e9;  // a shorter step, please
                              return value;
                            }),
               std::runtime_error);
  EXPECT_EQ(looks, 2);
  const std::vector<Tensor> after = copy();
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(at::equal(before[i], after[i])) << i;
}

}  // namespace
}  // namespace lineas
