// Transport in one dimension against the definition: both samples repeated to
// the least common multiple of their sizes, sorted, and compared one to one.
#include "lineas/ot/quantile.h"

#include <numeric>

#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;

Tensor normal(int64_t rows, int64_t width, uint64_t seed) {
  at::manual_seed(seed);
  return at::randn({rows, width});
}

// Rounded to halves, so that many values are equal.
Tensor with_ties(int64_t rows, int64_t width, uint64_t seed) {
  return (normal(rows, width, seed) * 2).round() / 2;
}

// n W2^2 per neuron by replication.
Tensor replicated_loss(const Tensor& source_ND, const Tensor& target_MD) {
  const int64_t n = source_ND.size(0), m = target_MD.size(0);
  const int64_t common = std::lcm(n, m);
  const auto repeated = [common](const Tensor& x_ND) {
    return std::get<0>(x_ND.to(at::kDouble)
                           .repeat_interleave(common / x_ND.size(0), 0)
                           .sort(0));
  };
  return (repeated(source_ND) - repeated(target_MD)).square().sum(0) *
         static_cast<double>(n) / static_cast<double>(common);
}

TransportLoss loss_of(const Tensor& source_ND, const Tensor& target_MD) {
  return transport_loss(source_ND, couple(target_MD, source_ND.size(0)));
}

struct Counts {
  int64_t n, m;
};

class Coupling : public ::testing::TestWithParam<Counts> {};

TEST_P(Coupling, LossIsThatOfReplicatedSamples) {
  const auto [n, m] = GetParam();
  const Tensor source_ND = normal(n, 7, 1), target_MD = normal(m, 7, 2) + 0.5;
  const TransportLoss loss = loss_of(source_ND, target_MD);
  EXPECT_LE(error_of(loss.loss_D, replicated_loss(source_ND, target_MD)), 2e-6);
}

TEST_P(Coupling, LossOfTiedSamplesToo) {
  const auto [n, m] = GetParam();
  const Tensor source_ND = with_ties(n, 7, 3), target_MD = with_ties(m, 7, 4);
  const TransportLoss loss = loss_of(source_ND, target_MD);
  EXPECT_LE(error_of(loss.loss_D, replicated_loss(source_ND, target_MD)), 2e-6);
}

// Central differences of the replicated loss in double: exact up to rounding,
// since the loss is quadratic where the order does not change.
TEST_P(Coupling, GradientMatchesFiniteDifferences) {
  const auto [n, m] = GetParam();
  const Tensor source_ND = normal(n, 3, 5).to(at::kDouble);
  const Tensor target_MD = normal(m, 3, 6).to(at::kDouble);
  const Tensor gradient_ND = loss_of(source_ND, target_MD).gradient_ND;
  constexpr double kStep = 1e-6;
  for (int64_t i = 0; i < n; ++i) {
    Tensor above_ND = source_ND.clone(), below_ND = source_ND.clone();
    above_ND[i] += kStep;
    below_ND[i] -= kStep;
    const Tensor slope_D = (replicated_loss(above_ND, target_MD) -
                            replicated_loss(below_ND, target_MD)) /
                           (2 * kStep);
    EXPECT_LE(error_of(gradient_ND[i], slope_D), 1e-7) << "sample " << i;
  }
}

TEST_P(Coupling, OfASampleToItsCopiesIsFree) {
  const auto [n, m] = GetParam();
  const Tensor row_1D = normal(1, 5, 7);
  const TransportLoss loss =
      loss_of(row_1D.repeat({n, 1}), row_1D.repeat({m, 1}));
  EXPECT_LE(loss.loss_D.abs().max().item<double>(), 1e-6);
  EXPECT_LE(loss.gradient_ND.abs().max().item<double>(), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         Coupling,
                         ::testing::Values(Counts{8, 8},
                                           Counts{4, 64},
                                           Counts{5, 8},
                                           Counts{8, 5},
                                           Counts{64, 4},
                                           Counts{31, 7},
                                           Counts{1, 1},
                                           Counts{1, 6},
                                           Counts{6, 1}),
                         [](const auto& info) {
                           return fmt::format(
                               "{}to{}", info.param.n, info.param.m);
                         });

TEST(Quantile, ClosedForms) {
  // Equal counts: sorted values pair up, whatever the order they come in.
  const Tensor source_ND = at::tensor({3.f, 1.f, 2.f}).unsqueeze(1);
  const Tensor target_MD = at::tensor({10.f, 30.f, 20.f}).unsqueeze(1);
  const TransportLoss equal = loss_of(source_ND, target_MD);
  EXPECT_EQ(equal.loss_D.item<float>(), 81 + 18 * 18 + 27 * 27);
  EXPECT_TRUE(at::equal(equal.gradient_ND.flatten(),
                        at::tensor({-54.f, -18.f, -36.f})));
  // One source sample against many: squared distance to the mean + variance.
  const CoupledTarget one = couple(target_MD, 1);
  EXPECT_NEAR(one.value_DN.item<double>(), 20, 1e-5);
  EXPECT_NEAR(one.rest_D.item<double>(), 200.0 / 3, 1e-4);
  // Two against three: quantiles [0, 1/2) and [1/2, 1) of {10, 20, 30}.
  const CoupledTarget two = couple(target_MD, 2);
  EXPECT_LE(error_of(two.value_DN.flatten(),
                     at::tensor({(20.f + 20.f) / 3, (60.f + 20.f) / 3})),
            1e-6);
}

TEST(Quantile, EveryTargetSampleIsUsedToTheSameAmount) {
  for (const int64_t n : {1, 3, 8, 12}) {
    const Tensor target_MD = normal(8, 4, 8);
    const CoupledTarget coupled = couple(target_MD, n);
    EXPECT_LE(error_of(coupled.value_DN.mean(1), target_MD.mean(0)), 1e-6);
    EXPECT_GE(coupled.rest_D.min().item<float>(), 0);
  }
}

// With fresh batches of n the best slope between equal
// normal distributions is below 1; the exact coupling shrinks less than
// random subsampling does.
TEST(Quantile, ExactCouplingShrinksLessThanSubsampling) {
  constexpr int64_t n = 4, m = 64, kTrials = 4000;
  const auto best_slope = [](const Tensor& x_ND, const Tensor& y_DN) {
    const Tensor sorted_DN = std::get<0>(x_ND.t().contiguous().sort(-1));
    return ((sorted_DN * y_DN).sum() / sorted_DN.square().sum()).item<double>();
  };
  const Tensor source_ND = normal(n, kTrials, 9);
  const Tensor target_MD = normal(m, kTrials, 10);
  const double exact = best_slope(source_ND, couple(target_MD, n).value_DN);
  const double drawn =
      best_slope(source_ND, couple(target_MD.slice(0, 0, n), n).value_DN);
  EXPECT_NEAR(exact, 0.69, 0.03);
  EXPECT_NEAR(drawn, 0.57, 0.03);
}

TEST(Quantile, RefusesAnEmptySide) {
  testing::expect_error(ErrorKind::usage, {"0 and 3"}, [] {
    couple(at::zeros({3, 2}), 0);
  });
  testing::expect_error(ErrorKind::usage, {"2 and 0"}, [] {
    couple(at::zeros({0, 2}), 2);
  });
}

}  // namespace
}  // namespace lineas
