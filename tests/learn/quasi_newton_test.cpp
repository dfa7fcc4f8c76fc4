// L-BFGS on losses whose least point is known, smooth and rough.
#include "lineas/learn/quasi_newton.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lineas/learn/first_order.h"
#include "tests/support/compare.h"

namespace lineas {
namespace {

constexpr int64_t kWidth = 10;

// sum_i bend_i (x_i - goal_i)^2 with bends from 1 to 1000.
struct Bowl {
  Bowl() {
    SiteTable table;
    table.add("a", kWidth);
    parameters.emplace(table, std::vector<SiteIndex>{0}, at::kCPU);
    at::manual_seed(1);
    goal_P = at::randn({2 * kWidth});
    bend_P = at::logspace(0, 3, 2 * kWidth);
  }
  Descent::Evaluate evaluate() {
    return [this] {
      ++evaluations;
      const c10::NoGradGuard no_gradients;
      const Tensor off_P = parameters->values() - goal_P;
      parameters->clear_gradient();
      parameters->gradient().add_(2 * bend_P * off_P);
      double loss = (bend_P * off_P.square()).sum().item<double>() + 1;
      // Rounding to so many digits, as a narrow type would.
      if (grain > 0) loss = std::round(loss / grain) * grain;
      return ObjectiveValue{.loss = loss, .site_loss = {loss}};
    };
  }
  QuasiNewton quasi_newton() {
    return QuasiNewton(*parameters, Whitening({Tensor()}, *parameters));
  }
  std::optional<AffineParameters> parameters;
  Tensor goal_P, bend_P;
  double grain = 0;
  int evaluations = 0;
};

double run(Descent& descent, Bowl& bowl, int64_t steps) {
  for (int64_t t = 0; t < steps && !descent.finished(); ++t)
    descent.step(t, bowl.evaluate());
  return bowl.evaluate()().loss - 1;
}

TEST(QuasiNewton, FindsTheBottomOfANarrowBowl) {
  Bowl bowl, same;
  QuasiNewton newton = bowl.quasi_newton();
  FirstOrder adam(*same.parameters, {.lr = 0.03, .steps = 150});
  const double left = run(newton, bowl, 150);
  EXPECT_TRUE(newton.finished()) << "it knows when it is there";
  EXPECT_LT(left, 1e-3);
  EXPECT_LT(bowl.evaluations, 150);
  EXPECT_GT(run(adam, same, 150), 10 * left);
}

TEST(QuasiNewton, NeverEndsAboveTheLowestLossItSaw) {
  Bowl bowl;
  bowl.grain = 1e-3;
  QuasiNewton newton = bowl.quasi_newton();
  double lowest = INFINITY;
  for (int64_t t = 0; !newton.finished(); ++t) {
    ASSERT_LT(t, 500);
    lowest = std::min(lowest, newton.step(t, bowl.evaluate()).loss);
  }
  EXPECT_LE(bowl.evaluate()().loss, lowest);
  EXPECT_LT(lowest - 1, 0.1);
}

TEST(QuasiNewton, AnswersTheLossBeforeTheMove) {
  Bowl bowl;
  QuasiNewton newton = bowl.quasi_newton();
  const double before = bowl.evaluate()().loss;
  EXPECT_EQ(newton.step(0, bowl.evaluate()).loss, before);
  const double after = bowl.evaluate()().loss;
  EXPECT_LT(after, before);
  EXPECT_EQ(newton.step(1, bowl.evaluate()).loss, after);
}

TEST(QuasiNewton, StaysWhereThereIsNothingToGain) {
  Bowl bowl;
  bowl.goal_P = bowl.parameters->identity();
  QuasiNewton newton = bowl.quasi_newton();
  for (int64_t t = 0; t < 100 && !newton.finished(); ++t)
    newton.step(t, bowl.evaluate());
  EXPECT_TRUE(newton.finished());
  EXPECT_TRUE(at::equal(bowl.parameters->values(), bowl.goal_P));
}

TEST(QuasiNewton, StateCarriesItOn) {
  Bowl unbroken, broken;
  QuasiNewton whole = unbroken.quasi_newton();
  for (int64_t t = 0; t < 20; ++t) whole.step(t, unbroken.evaluate());
  std::map<std::string, Tensor> saved;
  {
    QuasiNewton first = broken.quasi_newton();
    for (int64_t t = 0; t < 9; ++t) first.step(t, broken.evaluate());
    for (const auto& [name, tensor] : first.state())
      saved[name] = tensor.clone();
  }
  QuasiNewton second = broken.quasi_newton();
  second.restore(saved);
  for (int64_t t = 9; t < 20; ++t) second.step(t, broken.evaluate());
  EXPECT_TRUE(
      at::equal(unbroken.parameters->values(), broken.parameters->values()));
}

}  // namespace
}  // namespace lineas
