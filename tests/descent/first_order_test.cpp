// A step of SGD or Adam with its prox, and entries that must not move.
#include "lineas/descent/first_order.h"

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace lineas {
namespace {

struct Site {
  explicit Site(int64_t width = 3) {
    SiteTable table;
    table.add("a", width);
    parameters.emplace(table, std::vector{Place{0}});
  }
  Descent::Evaluate with(const Tensor& gradient_P) {
    return [this, gradient_P] {
      parameters->clear_gradient();
      parameters->gradient().add_(gradient_P);
      return ObjectiveValue{.loss = 1, .site_loss = {1}};
    };
  }
  std::optional<AffineParameters> parameters;
};

TEST(FirstOrder, TheProxTakesTheRateOfItsStep) {
  Site site;
  const FirstOrderOptions options{.optimizer = OptimizerKind::sgd,
                                  .lr = 0.5,
                                  .steps = 2,
                                  .penalty = {.l1_scale = 1, .l1_shift = 1}};
  FirstOrder sgd(*site.parameters, options);
  EXPECT_EQ(sgd.rate(0), 0.5);
  sgd.step(0, site.with(at::tensor({-4.f, -1.f, 0.f, 6.f, 0.5f, 0.f})));
  // A step of 0.5 gradient, then 0.5 off what is left.
  EXPECT_TRUE(at::allclose(site.parameters->values(),
                           at::tensor({2.5f, 1.f, 1.f, -2.5f, 0.f, 0.f})));
  EXPECT_LT(sgd.rate(1), 0.5);
}

TEST(FirstOrder, TheRateIsWholeAfterTheWarmup) {
  Site site;
  const FirstOrder adam(
      *site.parameters,
      {.schedule = Schedule::constant, .lr = 0.8, .warmup = 4});
  EXPECT_DOUBLE_EQ(adam.rate(0), 0.2);
  EXPECT_DOUBLE_EQ(adam.rate(2), 0.6);
  EXPECT_DOUBLE_EQ(adam.rate(3), 0.8);
  EXPECT_DOUBLE_EQ(adam.rate(9), 0.8);
}

TEST(FirstOrder, StepsOfWhiteCoordinatesAreMovesOfTheMaps) {
  Site site;
  at::manual_seed(5);
  const Whitening whitening({at::randn({8, 3}) * 2 + 1}, *site.parameters);
  FirstOrder sgd(
      *site.parameters,
      {.optimizer = OptimizerKind::sgd, .lr = 0.1, .whitening = whitening});
  const Tensor gradient_P = at::tensor({1.f, 2.f, 3.f, 4.f, 5.f, 6.f});
  sgd.step(0, site.with(gradient_P));
  const Tensor golden_P =
      site.parameters->identity() -
      0.1 * whitening.move_P(whitening.gradient_P(gradient_P));
  EXPECT_TRUE(at::allclose(site.parameters->values(), golden_P));
}

// Momentum of an earlier phase would move them all the same.
TEST(FirstOrder, FrozenEntriesKeepTheirBits) {
  Site site;
  const Tensor free_P = at::tensor({1, 0, 1, 0, 1, 0}, at::kLong).to(at::kBool);
  FirstOrder adam(*site.parameters, {.lr = 0.1, .steps = 50}, free_P);
  for (int64_t t = 0; t < 50; ++t) adam.step(t, site.with(at::randn({6})));
  const Tensor moved = site.parameters->values() != site.parameters->identity();
  EXPECT_TRUE(at::equal(moved, free_P));
}

}  // namespace
}  // namespace lineas
