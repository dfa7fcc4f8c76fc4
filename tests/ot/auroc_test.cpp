// The area under the ROC curve against counting pairs.
#include "lineas/ot/auroc.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

// Pairs one by one.
double count_pairs(const Tensor& x_N, const Tensor& y_M) {
  double right = 0;
  for (int64_t i = 0; i < x_N.size(0); ++i)
    for (int64_t j = 0; j < y_M.size(0); ++j) {
      const double gap = (x_N[i] - y_M[j]).item<double>();
      right += gap > 0 ? 1 : gap == 0 ? 0.5 : 0;
    }
  return right / static_cast<double>(x_N.size(0) * y_M.size(0));
}

TEST(Auroc, CountsPairsAndHalvesTies) {
  at::manual_seed(4);
  const Tensor x_ND = at::randint(0, 6, {9, 5}).to(at::kFloat);
  const Tensor y_MD = at::randint(0, 6, {7, 5}).to(at::kFloat) - 1;
  const Tensor got_D = auroc(x_ND, y_MD);
  for (int64_t d = 0; d < 5; ++d)
    EXPECT_NEAR(got_D[d].item<double>(),
                count_pairs(x_ND.select(1, d), y_MD.select(1, d)),
                1e-12);
  EXPECT_TRUE(at::allclose(got_D + auroc(y_MD, x_ND), at::ones_like(got_D)));
}

TEST(Auroc, IsOneForAPerfectDetectorAndAHalfForNone) {
  const Tensor low = at::arange(4).view({4, 1}).to(at::kFloat);
  EXPECT_EQ(auroc(low + 4, low).item<double>(), 1);
  EXPECT_EQ(auroc(low, low + 4).item<double>(), 0);
  EXPECT_EQ(auroc(low, low).item<double>(), 0.5);
  EXPECT_EQ(auroc(at::full({3, 1}, 2.5), at::full({2, 1}, 2.5)).item<double>(),
            0.5);
}

// Two ways through a matrix product do not make a detector.
TEST(Auroc, CallsRoundingATie) {
  const Tensor x = at::full({3, 1}, 7.0, at::kDouble);
  EXPECT_EQ(auroc(x + 1e-6, x).item<double>(), 0.5);
  EXPECT_EQ(auroc(x + 1e-4, x).item<double>(), 1);
}

// Nor does it where a neuron is small because larger numbers cancelled.
TEST(Auroc, CallsRoundingOfLargerNumbersATie) {
  const Tensor x = at::tensor({5.0, 1e-3}).view({1, 2}).expand({3, 2});
  EXPECT_EQ(auroc(x + 1e-5, x)[1].item<double>(), 0.5);
  EXPECT_EQ(auroc(x + 1e-3, x)[1].item<double>(), 1);
}

// Two values a tie apart, in another order and with rounding of a tie's tenth.
TEST(Auroc, IsAHalfOfEqualSamplesThoughPairsAreNearlyTies) {
  const Tensor x = at::tensor({1.0, 1 + 1.05e-5}).view({2, 1});
  const Tensor y = at::tensor({1.0, 1 + 0.95e-5}).view({2, 1});
  EXPECT_EQ(auroc(x, y).item<double>(), 0.5);
  EXPECT_EQ(auroc(y, x).item<double>(), 0.5);
}

}  // namespace
}  // namespace lineas
