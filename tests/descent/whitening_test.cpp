// White coordinates: the two maps are each other's transpose, and a site's own
// transport loss is a sphere in them.
#include "lineas/descent/whitening.h"

#include <gtest/gtest.h>

#include "lineas/ot/quantile.h"
#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;

SiteTable table() {
  SiteTable table;
  table.add("a", 5);
  table.add("b", 3);
  return table;
}

constexpr Place kA{0}, kB{1};

TEST(Whitening, GradientsAndMovesAreTransposed) {
  at::manual_seed(3);
  const AffineParameters parameters(table(), {kA, kB});
  const Whitening whitening({at::randn({9, 5}) * 3 + 2, at::randn({9, 3}) - 1},
                            parameters);
  const Tensor gradient_P = at::randn({16}), white_P = at::randn({16});
  EXPECT_NEAR(gradient_P.dot(whitening.move_P(white_P)).item<float>(),
              whitening.gradient_P(gradient_P).dot(white_P).item<float>(),
              1e-4);
}

// A step of one size does the same wherever responses are larger.
TEST(Whitening, MeasuresInWhatIsUsualAtTheSite) {
  at::manual_seed(4);
  const AffineParameters parameters(table(), {kA, kB});
  const Tensor a_ND = at::randn({9, 5}) + 1, b_ND = at::randn({9, 3});
  const Tensor white_P = at::randn({16});
  const Tensor move_P = Whitening({a_ND, b_ND}, parameters).move_P(white_P);
  const Tensor larger_P =
      Whitening({a_ND * 64, b_ND / 32}, parameters).move_P(white_P);
  const auto part = [](const Tensor& x_P, int64_t begin, int64_t width) {
    return x_P.narrow(0, begin, width);
  };
  EXPECT_LT(error_of(part(larger_P, 0, 5), part(move_P, 0, 5)), 1e-5);
  EXPECT_LT(error_of(part(larger_P, 5, 5), part(move_P, 5, 5) * 64), 1e-5);
  EXPECT_LT(error_of(part(larger_P, 10, 3), part(move_P, 10, 3)), 1e-5);
  EXPECT_LT(error_of(part(larger_P, 13, 3), part(move_P, 13, 3) / 32), 1e-5);
}

TEST(Whitening, LeavesASiteWithoutSamplesAlone) {
  const AffineParameters parameters(table(), {kA, kB});
  const Whitening whitening({Tensor(), Tensor()}, parameters);
  const Tensor move_P = at::randn({16});
  EXPECT_TRUE(at::equal(whitening.move_P(move_P), move_P));
  EXPECT_TRUE(at::equal(whitening.gradient_P(move_P), move_P));
}

// Of a neuron that does not vary any slope fits: gradients of its scale are
// rounding, which Adam would blow up to full steps.
TEST(Whitening, NeuronsThatDoNotVaryKeepTheirScale) {
  at::manual_seed(5);
  const AffineParameters parameters(table(), {kA, kB});
  Tensor a_ND = at::randn({9, 5});
  a_ND.select(1, 2).fill_(3.1f);
  const Whitening whitening({a_ND, at::full({9, 3}, -0.7f)}, parameters);
  const Tensor move_P = whitening.move_P(at::ones({16}));
  EXPECT_EQ(move_P[2].item<float>(), 0);
  EXPECT_GT(move_P[1].item<float>(), 0.1);
  EXPECT_TRUE(at::equal(move_P.narrow(0, 10, 3), at::zeros({3})));
  EXPECT_TRUE(move_P.narrow(0, 13, 3).allclose(at::full({3}, 0.7e-3)))
      << "the unit of a site without deviation is of its size";
}

// A whole site that hardly varies beside its size.
TEST(Whitening, NoScaleGoesFarInAStep) {
  at::manual_seed(6);
  const AffineParameters parameters(table(), {kB});
  const Whitening whitening({at::randn({9, 3}) * 1e-4 + 1}, parameters);
  EXPECT_LE(whitening.move_P(at::ones({6})).abs().max().item<float>(), 101);
}

// n W2^2 of a site under a small map grows alike in every white direction,
// however far from zero its neurons are: by the deviation's square, here 4.
TEST(Whitening, ASitesOwnLossIsASphere) {
  at::manual_seed(4);
  const int64_t n = 40;
  const Tensor sample_ND = at::randn({n, 5});
  const Tensor source_ND =
      (sample_ND - sample_ND.mean(0)) / sample_ND.std(0) * 2 +
      at::tensor({0.f, 3.f, -5.f, 8.f, 1.f});
  const AffineParameters parameters(table(), {kA});
  const Whitening whitening({source_ND}, parameters);
  const auto loss_of = [&](const Tensor& white_P) {
    const Tensor move_P = whitening.move_P(white_P);
    const Tensor moved_ND =
        source_ND * (1 + move_P.narrow(0, 0, 5)) + move_P.narrow(0, 5, 5);
    return transport_loss(moved_ND, couple(source_ND, n))
        .loss_D.sum()
        .item<double>();
  };
  for (int trial = 0; trial < 5; ++trial) {
    const Tensor white_P = at::randn({10});
    const Tensor small_P = white_P / white_P.norm() * 1e-2;
    EXPECT_NEAR(loss_of(small_P) / (n * 4 * 1e-4), 1, 0.03);
  }
}

}  // namespace
}  // namespace lineas
