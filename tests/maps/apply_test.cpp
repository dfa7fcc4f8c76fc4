// One map on one tensor: the three layouts, the three positions, gradients.
#include "lineas/maps/apply.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

constexpr int64_t kWidth = 5;

// Rows of 3, 1 and 4 tokens.
PassContext three_rows() {
  return {.rows = pack_rows(std::vector<int64_t>{3, 1, 4})};
}

class ApplyMap : public ::testing::Test {
 protected:
  ApplyMap() {
    at::manual_seed(3);
    x_SD = at::randn({8, kWidth});
    scale_D = at::rand({kWidth}) + 0.5;
    shift_D = at::randn({kWidth});
  }
  Tensor moved(const Tensor& x) const { return x * scale_D + shift_D; }

  Tensor x_SD, scale_D, shift_D;
};

TEST_F(ApplyMap, AllMovesEveryToken) {
  const Tensor y =
      apply_map(x_SD, scale_D, shift_D, Position::all, three_rows());
  EXPECT_TRUE(at::allclose(y, moved(x_SD)));
}

TEST_F(ApplyMap, LastMovesTheLastTokenOfEveryRow) {
  const Tensor y =
      apply_map(x_SD, scale_D, shift_D, Position::last, three_rows());
  for (int64_t token = 0; token < 8; ++token) {
    const bool is_last = token == 2 || token == 3 || token == 7;
    EXPECT_TRUE(
        at::allclose(y[token], is_last ? moved(x_SD[token]) : x_SD[token]))
        << token;
  }
}

TEST_F(ApplyMap, AverageMovesARowByWhatItsMeanMoves) {
  const Tensor y =
      apply_map(x_SD, scale_D, shift_D, Position::avg, three_rows());
  const Tensor mean_D = x_SD.slice(0, 0, 3).mean(0);
  const Tensor expected = x_SD.slice(0, 0, 3) + moved(mean_D) - mean_D;
  EXPECT_TRUE(at::allclose(y.slice(0, 0, 3), expected, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(y[3], moved(x_SD[3]), 1e-5, 1e-6));
}

TEST_F(ApplyMap, OneMapAToken) {
  const Tensor scale_SD = at::rand({8, kWidth}),
               shift_SD = at::rand({8, kWidth});
  const Tensor y =
      apply_map(x_SD, scale_SD, shift_SD, Position::all, three_rows());
  EXPECT_TRUE(at::allclose(y, x_SD * scale_SD + shift_SD));
}

TEST_F(ApplyMap, PicturesAreMappedOverTheirChannels) {
  const Tensor x_BCHW = at::randn({2, kWidth, 3, 4});
  const PassContext context{.rows = pack_rows(std::vector<int64_t>{1, 1})};
  const Tensor y = apply_map(x_BCHW, scale_D, shift_D, Position::all, context);
  EXPECT_TRUE(at::allclose(y.permute({0, 2, 3, 1}),
                           moved(x_BCHW.permute({0, 2, 3, 1})),
                           1e-5,
                           1e-6));
  const Tensor mean = x_BCHW.mean({2, 3});
  const Tensor by_mean =
      apply_map(x_BCHW, scale_D, shift_D, Position::avg, context);
  EXPECT_TRUE(at::allclose(by_mean.mean({2, 3}), moved(mean), 1e-4, 1e-5));
  expect_error(ErrorKind::unsupported, {"last", "picture"}, [&] {
    apply_map(x_BCHW, scale_D, shift_D, Position::last, context);
  });
}

TEST_F(ApplyMap, BatchedTokens) {
  const Tensor x_BTD = at::randn({2, 3, kWidth});
  const PassContext context{.rows = pack_rows(std::vector<int64_t>{1, 1})};
  const Tensor last =
      apply_map(x_BTD, scale_D, shift_D, Position::last, context);
  EXPECT_TRUE(at::equal(last.slice(1, 0, 2), x_BTD.slice(1, 0, 2)));
  EXPECT_TRUE(at::allclose(last.select(1, 2), moved(x_BTD.select(1, 2))));
}

TEST_F(ApplyMap, GradientsReachScaleAndShiftInEveryPosition) {
  for (Position position : {Position::all, Position::last, Position::avg}) {
    Tensor scale = scale_D.clone().requires_grad_(true);
    Tensor shift = shift_D.clone().requires_grad_(true);
    apply_map(x_SD, scale, shift, position, three_rows()).sum().backward();
    const double tokens = position == Position::last ? 3 : 8;
    EXPECT_NEAR(shift.grad()[0].item<double>(), tokens, 1e-4)
        << to_string(position);
    EXPECT_GT(scale.grad().abs().sum().item<double>(), 0);
  }
}

}  // namespace
}  // namespace lineas
