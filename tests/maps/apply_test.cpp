// One map on one tensor: all layouts, the three positions, gradients.
#include "lineas/maps/apply.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

constexpr int64_t kWidth = 5;

// Rows of 3, 1 and 4 tokens.
PassContext three_rows() {
  return {.rows = pack_rows(std::vector<int64_t>{3, 1, 4})};
}

// Two rows on a batch axis, of the given numbers of entries.
PassContext entries(std::vector<int64_t> lengths = {1, 1},
                    Layout layout = Layout::channels_last) {
  return {.rows = pack_rows(lengths), .axis = Axis::entries, .layout = layout};
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
  const PassContext context = entries({1, 1}, Layout::channels_first);
  const Tensor y = apply_map(x_BCHW, scale_D, shift_D, Position::all, context);
  EXPECT_TRUE(y.is_contiguous());
  EXPECT_TRUE(at::allclose(y.permute({0, 2, 3, 1}),
                           moved(x_BCHW.permute({0, 2, 3, 1})),
                           1e-5,
                           1e-6));
  const Tensor mean = x_BCHW.mean({2, 3});
  const Tensor by_mean =
      apply_map(x_BCHW, scale_D, shift_D, Position::avg, context);
  EXPECT_TRUE(at::allclose(by_mean.mean({2, 3}), moved(mean), 1e-4, 1e-5));
  expect_error(ErrorKind::usage, {"last", "picture"}, [&] {
    apply_map(x_BCHW, scale_D, shift_D, Position::last, context);
  });
}

TEST_F(ApplyMap, BatchedTokens) {
  const Tensor x_BTD = at::randn({2, 3, kWidth});
  const Tensor last =
      apply_map(x_BTD, scale_D, shift_D, Position::last, entries());
  EXPECT_TRUE(at::equal(last.slice(1, 0, 2), x_BTD.slice(1, 0, 2)));
  EXPECT_TRUE(at::allclose(last.select(1, 2), moved(x_BTD.select(1, 2))));
}

TEST_F(ApplyMap, AnEntryOfWidthDIsOneToken) {
  const Tensor x_BD = at::randn({2, kWidth});
  for (const Position position : {Position::all, Position::last, Position::avg})
    EXPECT_TRUE(
        at::allclose(apply_map(x_BD, scale_D, shift_D, position, entries()),
                     moved(x_BD),
                     1e-5,
                     1e-6))
        << to_string(position);
}

TEST_F(ApplyMap, ARowMayHaveSeveralEntries) {
  const Tensor x_BTD = at::randn({3, 2, kWidth});
  const Tensor last =
      apply_map(x_BTD, scale_D, shift_D, Position::last, entries({2, 1}));
  EXPECT_TRUE(at::equal(last.select(1, 0), x_BTD.select(1, 0)));
  EXPECT_TRUE(at::allclose(last.select(1, 1), moved(x_BTD.select(1, 1))));
  const Tensor by_mean =
      apply_map(x_BTD, scale_D, shift_D, Position::avg, entries({2, 1}));
  const Tensor mean_D = x_BTD.slice(0, 0, 2).flatten(0, 1).mean(0);
  EXPECT_TRUE(at::allclose(by_mean.slice(0, 0, 2),
                           x_BTD.slice(0, 0, 2) + moved(mean_D) - mean_D,
                           1e-5,
                           1e-6));
}

TEST_F(ApplyMap, TokensOfNoRowKeepTheirValue) {
  const PassContext context{.rows = {{0, 1, 3}, {1, 5, 6}}};
  for (const Position position :
       {Position::all, Position::last, Position::avg}) {
    const Tensor y = apply_map(x_SD, scale_D, shift_D, position, context);
    for (const int64_t token : {0, 3, 4, 6, 7})
      EXPECT_TRUE(y[token].equal(x_SD[token])) << to_string(position);
    EXPECT_TRUE(at::allclose(y[5], moved(x_SD[5]), 1e-5, 1e-6));
  }
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

// The gradient of f at x by central differences, one element at a time.
Tensor differences(const std::function<double(const Tensor&)>& f,
                   const Tensor& x) {
  constexpr double kStep = 1e-6;
  Tensor gradient = at::zeros_like(x).flatten();
  for (int64_t i = 0; i < x.numel(); ++i) {
    Tensor step = at::zeros_like(x).flatten();
    step[i] = kStep;
    step = step.view(x.sizes());
    gradient[i] = (f(x + step) - f(x - step)) / (2 * kStep);
  }
  return gradient.view(x.sizes());
}

struct Layouted {
  Tensor x;
  std::function<PassContext()> context;
};

// y_ and its gradients for x, scale and shift, all in double.
void expect_gradients(const Layouted& c,
                      const AffineMap& map,
                      Position position) {
  const Tensor weights =
      at::cos(at::arange(c.x.numel(), at::kDouble)).view(c.x.sizes());
  const auto loss = [&](const Tensor& x,
                        const Tensor& scale,
                        const Tensor& shift) {
    const PassContext context = c.context();
    const TokenPlan plan({.position = position}, context, context.row_axis(x));
    const Tensor y = apply_map(x, {scale, shift, map.support}, plan);
    EXPECT_EQ(y.scalar_type(), at::kDouble);
    return (y.square() * weights).sum();
  };
  Tensor x = c.x.clone().requires_grad_(true);
  Tensor scale = map.scale_D.clone().requires_grad_(true);
  Tensor shift = map.shift_D.clone().requires_grad_(true);
  loss(x, scale, shift).backward();
  const c10::NoGradGuard no_gradients;
  const auto error = [](const Tensor& gradient, const Tensor& expected) {
    return (gradient - expected).abs().max().item<double>();
  };
  const Tensor s = map.scale_D, b = map.shift_D;
  EXPECT_LE(
      error(x.grad(),
            differences(
                [&](const Tensor& v) { return loss(v, s, b).item<double>(); },
                c.x)),
      1e-7);
  EXPECT_LE(
      error(scale.grad(),
            differences(
                [&](const Tensor& v) { return loss(c.x, v, b).item<double>(); },
                s)),
      1e-7);
  EXPECT_LE(
      error(shift.grad(),
            differences(
                [&](const Tensor& v) { return loss(c.x, s, v).item<double>(); },
                b)),
      1e-7);
}

TEST(ApplyMapInDouble, GradientsAreFiniteDifferences) {
  at::manual_seed(5);
  const auto wide = at::TensorOptions(at::kDouble);
  AffineMap map{at::rand({3}, wide) + 0.5, at::randn({3}, wide)};
  AffineMap bounded = map;
  bounded.support =
      Interval{at::full({3}, -0.7, wide), at::full({3}, 0.8, wide)};
  const std::vector<Layouted> all = {
      {at::randn({8, 3}, wide), three_rows},
      {at::randn({2, 4, 3}, wide), [] { return entries(); }},
      {at::randn({3, 2, 3}, wide),
       [] {
         return entries({2, 1});
       }},
      {at::randn({2, 3}, wide), [] { return entries(); }},
      {at::randn({2, 3, 2, 2}, wide), [] {
         return entries({1, 1}, Layout::channels_first);
       }}};
  for (const Layouted& c : all)
    for (const Position position :
         {Position::all, Position::last, Position::avg}) {
      SCOPED_TRACE(fmt::format(
          "{} dimensions, position {}", c.x.dim(), to_string(position)));
      if (c.context().layout == Layout::channels_first &&
          position == Position::last)
        continue;
      expect_gradients(c, map, position);
      expect_gradients(c, bounded, position);
    }
}

}  // namespace
}  // namespace lineas
