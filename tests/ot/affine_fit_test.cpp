// Closed forms against their definitions, against brute force, and on neurons
// that have nothing to fit.
#include "lineas/ot/affine_fit.h"

#include <gtest/gtest.h>

#include "lineas/ot/quantile.h"

namespace lineas {
namespace {

class AffineFits : public ::testing::Test {
 protected:
  AffineFits() { at::manual_seed(3); }
  Tensor source_ND = at::randn({7, 4}, at::kDouble) * 2 + 1;
  Tensor target_MD = at::randn({11, 4}, at::kDouble) - 3;
};

Tensor mapped(const Tensor& x_ND, const AffineFit& fit) {
  return x_ND * fit.scale_D + fit.shift_D;
}

double loss(const Tensor& x_ND, const Tensor& target_MD) {
  return transport_loss(x_ND, couple(target_MD, x_ND.size(0)))
      .loss_D.sum()
      .item<double>();
}

TEST_F(AffineFits, AShiftMovesTheMean) {
  for (const auto& fit :
       {fit_shift(source_ND, target_MD), fit_mean(source_ND, target_MD)}) {
    EXPECT_TRUE(fit.scale_D.equal(at::ones({4}, at::kDouble)));
    EXPECT_TRUE(
        at::allclose(mapped(source_ND, fit).mean(0), target_MD.mean(0)));
  }
}

TEST_F(AffineFits, AGaussianMapMovesMeanAndDeviation) {
  const Tensor moved_ND = mapped(source_ND, fit_gaussian(source_ND, target_MD));
  EXPECT_TRUE(at::allclose(moved_ND.mean(0), target_MD.mean(0)));
  EXPECT_TRUE(at::allclose(moved_ND.std(0), target_MD.std(0)));
}

// The slope of the pairs that sorting joins, by the textbook's loops.
TEST_F(AffineFits, ALineIsThatOfTheSortedPairs) {
  const Tensor equal_ND = target_MD.narrow(0, 0, 7);
  const AffineFit fit = fit_line(source_ND, equal_ND);
  for (int64_t d = 0; d < 4; ++d) {
    const Tensor x = std::get<0>(source_ND.select(1, d).sort());
    const Tensor y = std::get<0>(equal_ND.select(1, d).sort());
    double xy = 0, xx = 0;
    for (int64_t i = 0; i < 7; ++i) {
      const double from = (x[i] - x.mean()).item<double>();
      xy += from * (y[i] - y.mean()).item<double>();
      xx += from * from;
    }
    EXPECT_NEAR(fit.scale_D[d].item<double>(), xy / xx, 1e-12);
    EXPECT_NEAR(fit.shift_D[d].item<double>(),
                (y.mean() - xy / xx * x.mean()).item<double>(),
                1e-12);
  }
}

// Of unequal counts, too: no other line comes nearer to the target.
TEST_F(AffineFits, NoLineIsBetter) {
  for (const auto& [source, target] :
       {std::pair(source_ND, target_MD), {target_MD, source_ND}}) {
    const AffineFit fit = fit_line(source, target);
    const double best = loss(mapped(source, fit), target);
    for (const double step : {-0.01, 0.01}) {
      EXPECT_GT(loss(mapped(source, {fit.scale_D + step, fit.shift_D}), target),
                best);
      EXPECT_GT(loss(mapped(source, {fit.scale_D, fit.shift_D + step}), target),
                best);
    }
  }
}

TEST_F(AffineFits, EqualSamplesGiveTheExactIdentity) {
  const Tensor shuffled_ND = source_ND.flip(0);
  for (const auto fit : {fit_line, fit_gaussian, fit_mean, fit_shift}) {
    const AffineFit got = fit(source_ND, shuffled_ND);
    EXPECT_LT((got.scale_D - 1).abs().max().item<double>(), 1e-12);
    EXPECT_LT(got.shift_D.abs().max().item<double>(), 1e-12);
  }
  const AffineFit line = fit_line(source_ND, shuffled_ND);
  EXPECT_TRUE(line.scale_D.equal(at::ones({4}, at::kDouble)));
}

TEST_F(AffineFits, OneSampleASideIsAShift) {
  const Tensor from_1D = source_ND.narrow(0, 0, 1);
  const Tensor to_1D = target_MD.narrow(0, 0, 1);
  for (const auto fit : {fit_shift, fit_mean, fit_line})
    EXPECT_TRUE(at::allclose(mapped(from_1D, fit(from_1D, to_1D)), to_1D));
}

// Dead, constant and nearly constant source neurons: a shift, no slope.
TEST_F(AffineFits, FlatNeuronsGetNoSlope) {
  const Tensor noise_N1 = at::randn({7, 1}, at::kDouble);
  const Tensor flat_ND = at::cat({at::zeros({7, 1}, at::kDouble),
                                  at::full({7, 1}, 5.0, at::kDouble),
                                  5 + 1e-7 * noise_N1,
                                  1e-8 * noise_N1},
                                 1);
  const AffineFit line = fit_line(flat_ND, target_MD);
  EXPECT_TRUE(line.scale_D.equal(at::ones({4}, at::kDouble)));
  EXPECT_TRUE(at::allclose(mapped(flat_ND, line).mean(0), target_MD.mean(0)));
  // The published program leaves them alone in these two.
  for (const auto fit : {fit_mean, fit_gaussian}) {
    const AffineFit got = fit(flat_ND, target_MD);
    EXPECT_TRUE(got.scale_D.equal(at::ones({4}, at::kDouble)));
    EXPECT_EQ(got.shift_D.count_nonzero().item<int64_t>(), 0);
  }
}

// A line to a constant is that constant, as in the published program.
TEST_F(AffineFits, ConstantTargetsAreMetByALineOfSlopeZero) {
  for (const double noise : {0.0, 1e-8}) {
    const Tensor constant_MD = at::full({11, 4}, -3.0, at::kDouble) +
                               noise * at::randn({11, 4}, at::kDouble);
    const AffineFit line = fit_line(source_ND, constant_MD);
    EXPECT_LE(line.scale_D.abs().max().item<double>(), 2 * noise + 1e-15);
    EXPECT_TRUE(at::allclose(line.shift_D, constant_MD.mean(0)));
    // A Gaussian has a deviation, which this is not: left alone.
    EXPECT_TRUE(fit_gaussian(source_ND, constant_MD)
                    .scale_D.equal(at::ones({4}, at::kDouble)));
  }
}

// A spread a thousand times smaller than the target's is one of noise.
TEST_F(AffineFits, SlopesStayBelowAThousand) {
  const Tensor small_ND = source_ND * 2e-4;
  const Tensor large_MD = target_MD * at::tensor({1e-4, 0.1, 100.0, 1e4});
  for (const auto fit : {fit_line, fit_gaussian}) {
    const Tensor scale_D = fit(small_ND, large_MD).scale_D;
    EXPECT_LT(scale_D.abs().max().item<double>(), 1000);
    EXPECT_EQ(scale_D[3].item<double>(), 1);
    EXPECT_GT(scale_D[1].item<double>(), 50);
  }
}

}  // namespace
}  // namespace lineas
