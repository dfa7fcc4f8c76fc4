// What is left of a fit: nothing of noise, all of what is beyond doubt.
#include "lineas/ot/shrinkage.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

class Shrinkage : public ::testing::Test {
 protected:
  Shrinkage() { at::manual_seed(5); }
  static Tensor normal(int64_t rows) {
    return at::randn({rows, 500}, at::kDouble);
  }
  static double size(const Tensor& x) {
    return x.square().mean().sqrt().item<double>();
  }
};

TEST_F(Shrinkage, OfTwoSamplesOfOneDistributionHardlyAnythingIsLeft) {
  for (const auto& form : {fit_gaussian, fit_line}) {
    const Tensor source_ND = normal(32) + 3, target_MD = normal(40) + 3;
    const AffineFit plain = form(source_ND, target_MD);
    const AffineFit less = shrink(plain, source_ND, target_MD);
    const auto moved = [&](const AffineFit& fit) {
      return size(source_ND.mean(0) * (fit.scale_D - 1) + fit.shift_D);
    };
    EXPECT_LT(size(less.scale_D - 1), 0.4 * size(plain.scale_D - 1));
    EXPECT_LT(moved(less), 0.4 * moved(plain));
  }
}

TEST_F(Shrinkage, WhatIsBeyondDoubtStays) {
  const Tensor source_ND = normal(200);
  const Tensor target_MD = 0.6 * normal(200) + 2;
  const AffineFit plain = fit_gaussian(source_ND, target_MD);
  const AffineFit less = shrink(plain, source_ND, target_MD);
  EXPECT_LT(
      size(source_ND.mean(0) * less.scale_D + less.shift_D - target_MD.mean(0)),
      0.02);
  EXPECT_NEAR((1 - less.scale_D).mean().item<double>(), 0.4 / 9, 0.005)
      << "tokens spread more than means of prompts";
}

TEST_F(Shrinkage, SlopesAreHeldAndTheMeanStillArrives) {
  const Tensor source_ND = normal(300) + 5, target_MD = 30 * normal(300) - 4;
  const AffineFit less =
      shrink(fit_gaussian(source_ND, target_MD), source_ND, target_MD);
  EXPECT_EQ(less.scale_D.max().item<double>(), 2);
  EXPECT_LT(
      size(source_ND.mean(0) * less.scale_D + less.shift_D - target_MD.mean(0)),
      0.5);
}

TEST_F(Shrinkage, SingleSamplesAndNeuronsWithoutSpreadAreLeftAlone) {
  const Tensor one = normal(1), other = normal(1);
  const AffineFit plain = fit_shift(one, other);
  EXPECT_TRUE(shrink(plain, one, other).shift_D.equal(plain.shift_D));
  const Tensor flat = at::ones({8, 3}, at::kDouble);
  const AffineFit less = shrink(fit_gaussian(flat, flat), flat, flat);
  EXPECT_TRUE(less.scale_D.equal(at::ones({3}, at::kDouble)));
  EXPECT_TRUE(less.shift_D.equal(at::zeros({3}, at::kDouble)));
}

}  // namespace
}  // namespace lineas
