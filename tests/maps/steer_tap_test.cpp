// Steering of tensors in all layouts: positions, supports, token scopes,
// strengths by row, sums of maps. What models make of it: parity_test.cpp.
#include "lineas/maps/steer_tap.h"

#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;

constexpr int64_t kWidth = 5;

SiteTable one_site() {
  SiteTable sites;
  sites.add("mlp", kWidth);
  return sites;
}

AffineMap random_map(int64_t seed) {
  at::manual_seed(seed);
  return {at::rand({kWidth}) + 0.5, at::randn({kWidth})};
}

Steering steering_of(const AffineMap& map,
                     double strength = 1,
                     const MapRules& rules = {}) {
  return {MapSet{{{"mlp", map}}, rules}, strength};
}

Tensor random_tokens(int64_t count) {
  at::manual_seed(7);
  return at::randn({count, kWidth});
}

// Rows of 3, 1 and 4 tokens.
PassContext three_rows(Phase phase = Phase::prompt) {
  const std::vector<int64_t> lengths{3, 1, 4};
  PassContext context{.rows = pack_rows(lengths)};
  for (RowView& row : context.rows) row.phase = phase;
  return context;
}

Tensor mapped(const AffineMap& map, const Tensor& x, double strength = 1) {
  return x + strength * (x * map.scale_D + map.shift_D - x);
}

Tensor steer(const std::vector<Steering>& steerings,
             const Tensor& x,
             const PassContext& context,
             const std::vector<double>& row_strengths = {}) {
  SteerTap tap(one_site(), steerings, row_strengths);
  return tap.visit(0, x, context);
}

// Tokens that come out changed.
std::vector<int64_t> changed(const MapRules& rules,
                             const PassContext& context) {
  const Tensor x_SD = random_tokens(8);
  const Tensor y_SD =
      steer({steering_of(random_map(1), 1, rules)}, x_SD, context);
  const Tensor is_changed = (y_SD != x_SD).any(1);
  std::vector<int64_t> tokens;
  for (int64_t s = 0; s < 8; ++s)
    if (is_changed[s].item<bool>()) tokens.push_back(s);
  return tokens;
}

using Tokens = std::vector<int64_t>;

TEST(SteerTap, FullStrengthIsTheMapAndHalfIsHalfWay) {
  const AffineMap map = random_map(1);
  const Tensor x_SD = random_tokens(8);
  EXPECT_LE(error_of(steer({steering_of(map)}, x_SD, three_rows()),
                     mapped(map, x_SD)),
            1e-6);
  EXPECT_LE(error_of(steer({steering_of(map, 0.5)}, x_SD, three_rows()),
                     mapped(map, x_SD, 0.5)),
            1e-6);
}

TEST(SteerTap, StrengthZeroLeavesValuesAloneBesideOthers) {
  const AffineMap map = random_map(1);
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const Tensor x_SD = random_tokens(8).to(type);
    for (const Position position : {Position::all, Position::avg}) {
      AffineMap bounded = map;
      bounded.support = Interval{at::full({kWidth}, -0.5), at::ones({kWidth})};
      const MapRules rules{.position = position};
      for (const AffineMap& one : {map, bounded}) {
        const Tensor y_SD = steer(
            {steering_of(one, 1, rules)}, x_SD, three_rows(), {1, 0, 0.5});
        EXPECT_TRUE(y_SD[3].equal(x_SD[3]));
        EXPECT_FALSE(y_SD.slice(0, 0, 3).equal(x_SD.slice(0, 0, 3)));
        EXPECT_FALSE(y_SD.slice(0, 4).equal(x_SD.slice(0, 4)));
        EXPECT_EQ(y_SD.scalar_type(), type);
        const auto none =
            steer({steering_of(one, 1, rules)}, x_SD, three_rows(), {0, 0, 0});
        EXPECT_TRUE(none.equal(x_SD));
      }
    }
  }
}

TEST(SteerTap, EveryRowHasItsOwnStrength) {
  const AffineMap map = random_map(1);
  const Tensor x_SD = random_tokens(8);
  const Tensor y_SD =
      steer({steering_of(map, 0.5)}, x_SD, three_rows(), {1, 0.25, 0.5});
  EXPECT_LE(error_of(y_SD.slice(0, 0, 3), mapped(map, x_SD.slice(0, 0, 3), .5)),
            1e-6);
  EXPECT_LE(error_of(y_SD[3], mapped(map, x_SD[3], 0.125)), 1e-6);
  EXPECT_LE(error_of(y_SD.slice(0, 4), mapped(map, x_SD.slice(0, 4), 0.25)),
            1e-6);
}

TEST(SteerTap, RowsKeepTheirStrengthWhenOthersLeaveTheBatch) {
  const AffineMap map = random_map(1);
  SteerTap tap(one_site(), {steering_of(map)}, {1, 0.25, 0.5});
  const Tensor x_BD = random_tokens(3);
  for (int64_t call = 0; call < 2; ++call) {
    const PassContext all{.rows = {{0, 0, 1, 9 + call},
                                   {1, 1, 2, 4 + call},
                                   {2, 2, 3, 5 + call}}};
    EXPECT_LE(error_of(tap.visit(0, x_BD, all)[1], mapped(map, x_BD[1], 0.25)),
              1e-6);
  }
  const PassContext fewer{.rows = {{2, 0, 1, 7}, {1, 1, 2, 6}}};
  const Tensor y_BD = tap.visit(0, x_BD.slice(0, 0, 2), fewer);
  EXPECT_LE(error_of(y_BD[0], mapped(map, x_BD[0], 0.5)), 1e-6);
  EXPECT_LE(error_of(y_BD[1], mapped(map, x_BD[1], 0.25)), 1e-6);
}

TEST(SteerTap, MapsAddUp) {
  const AffineMap one = random_map(1), two = random_map(2);
  const Tensor x_SD = random_tokens(8);
  const Tensor expected_SD = mapped(one, x_SD) + mapped(two, x_SD, .5) - x_SD;
  const auto both = {steering_of(one), steering_of(two, 0.5)};
  EXPECT_LE(error_of(steer(both, x_SD, three_rows()), expected_SD), 1e-6);
  // Of other rules: not summed beforehand, the same where both act.
  const MapRules last{.position = Position::last};
  const Tensor y_SD = steer(
      {steering_of(one), steering_of(two, 0.5, last)}, x_SD, three_rows());
  EXPECT_LE(error_of(y_SD[7], expected_SD[7]), 1e-6);
  EXPECT_LE(error_of(y_SD[5], mapped(one, x_SD[5])), 1e-6);
}

TEST(SteerTap, ActsOnTheTokensThatItsRulesName) {
  using Kind = TokenScope::Kind;
  const PassContext prompt = three_rows();
  EXPECT_EQ(changed({.position = Position::last}, prompt), Tokens({2, 3, 7}));
  EXPECT_EQ(changed({.tokens = {Kind::prompt}}, prompt).size(), 8u);
  EXPECT_EQ(changed({.tokens = {Kind::generated}}, prompt), Tokens());
  EXPECT_EQ(changed({.tokens = {Kind::from, 2}}, prompt), Tokens({2, 6, 7}));
  EXPECT_EQ(changed({.tokens = {Kind::last, 2}}, prompt),
            Tokens({1, 2, 3, 6, 7}));
  const MapRules both{.position = Position::last, .tokens = {Kind::from, 3}};
  EXPECT_EQ(changed(both, prompt), Tokens({7}));
}

TEST(SteerTap, ActsOnGeneratedTokensAsItsRulesSay) {
  using Kind = TokenScope::Kind;
  PassContext context = three_rows(Phase::generated);
  for (RowView& row : context.rows) row.position = 10 * (row.row + 1);
  EXPECT_EQ(changed({.tokens = {Kind::prompt}}, context), Tokens());
  EXPECT_EQ(changed({.tokens = {Kind::generated}}, context).size(), 8u);
  EXPECT_EQ(changed({.tokens = {Kind::last, 1}}, context).size(), 8u);
  EXPECT_EQ(changed({.tokens = {Kind::from, 20}}, context),
            Tokens({3, 4, 5, 6, 7}));
}

TEST(SteerTap, AvgMovesEveryTokenByWhatItsRowsMeanIsMoved) {
  const AffineMap map = random_map(1);
  const Tensor x_SD = random_tokens(8);
  const Tensor y_SD = steer(
      {steering_of(map, 1, {.position = Position::avg})}, x_SD, three_rows());
  for (const RowView& row : three_rows().rows) {
    const Tensor x_TD = x_SD.slice(0, row.begin, row.end);
    const Tensor mean_D = x_TD.mean(0);
    EXPECT_LE(error_of(y_SD.slice(0, row.begin, row.end),
                       x_TD + mapped(map, mean_D) - mean_D),
              1e-6);
  }
}

TEST(SteerTap, SupportIsStrictAtBothEnds) {
  AffineMap map = random_map(1);
  map.support = Interval{at::zeros({kWidth}), at::ones({kWidth})};
  const Tensor x_SD =
      at::tensor({-0.1f, 0.0f, 0.5f, 1.0f, 1.5f}).unsqueeze(1).repeat({1, 5});
  const PassContext context{.rows = {{0, 0, 5}}};
  const Tensor y_SD = steer({steering_of(map)}, x_SD, context);
  for (const int64_t outside : {0, 1, 3, 4})
    EXPECT_TRUE(y_SD[outside].equal(x_SD[outside]));
  EXPECT_LE(error_of(y_SD[2], mapped(map, x_SD[2])), 1e-6);
}

TEST(SteerTap, OtherLayoutsAreTheSameTokens) {
  const AffineMap map = random_map(1);
  const Tensor x_BTD = random_tokens(6).view({2, 3, kWidth});
  const PassContext context{.rows = {{0, 0, 1}, {1, 1, 2}},
                            .axis = Axis::entries};
  const PassContext picture{.rows = context.rows,
                            .axis = Axis::entries,
                            .layout = Layout::channels_first};
  const Tensor x_BCHW = x_BTD.transpose(1, 2).reshape({2, kWidth, 3, 1});
  for (const Position position : {Position::all, Position::avg}) {
    const auto steerings = {steering_of(map, 1, {.position = position})};
    const Tensor y_BTD = steer(steerings, x_BTD, context, {1, 0.5});
    const Tensor y_BCHW = steer(steerings, x_BCHW, picture, {1, 0.5});
    EXPECT_EQ(y_BCHW.sizes(), x_BCHW.sizes());
    EXPECT_LE(error_of(y_BCHW.flatten(2).transpose(1, 2), y_BTD), 1e-6);
    if (position == Position::all)
      EXPECT_LE(error_of(y_BTD[1], mapped(map, x_BTD[1], 0.5)), 1e-6);
  }
  const auto last = {steering_of(map, 1, {.position = Position::last})};
  EXPECT_TRUE(steer(last, x_BTD, context)[1][1].equal(x_BTD[1][1]));
  EXPECT_FALSE(steer(last, x_BTD, context)[1][2].equal(x_BTD[1][2]));
  expect_error(
      ErrorKind::usage, {"picture"}, [&] { steer(last, x_BCHW, picture); });
}

TEST(SteerTap, ObeysGuidanceHalfAndStep) {
  const AffineMap map = random_map(1);
  PassContext context{
      .rows = {{0, 0, 1}, {0, 1, 2}}, .axis = Axis::entries, .step = 2};
  context.rows[0].half = Half::unconditional;
  context.rows[1].half = Half::conditional;
  const Tensor x_BTD = random_tokens(6).view({2, 3, kWidth});
  const MapRules rules{.guidance = Guidance::conditional};
  const Tensor y_BTD = steer({steering_of(map, 1, rules)}, x_BTD, context);
  EXPECT_TRUE(y_BTD[0].equal(x_BTD[0]));
  EXPECT_FALSE(y_BTD[1].equal(x_BTD[1]));
  SteerTap at_step(one_site(), {{MapSet{{{{"mlp", 2}, map}}}, 1}});
  EXPECT_FALSE(at_step.visit(0, x_BTD, context).equal(x_BTD));
  context.step = 1;
  EXPECT_TRUE(at_step.visit(0, x_BTD, context).equal(x_BTD));
}

TEST(SteerTap, GradientsReachItsInput) {
  const AffineMap map = random_map(1);
  for (const Position position : {Position::all, Position::avg}) {
    Tensor x_SD = random_tokens(8).set_requires_grad(true);
    steer({steering_of(map, 0.5, {.position = position})}, x_SD, three_rows())
        .sum()
        .backward();
    const Tensor expected_D = 1 + 0.5 * (map.scale_D - 1);
    EXPECT_LE(error_of(x_SD.grad(), expected_D.expand({8, kWidth})), 1e-5);
  }
}

TEST(SteerTap, IsIdleWhereNothingMoves) {
  const AffineMap map = random_map(1);
  EXPECT_TRUE(SteerTap(one_site(), {}).is_idle());
  EXPECT_TRUE(SteerTap(one_site(), {steering_of(map, 0)}).is_idle());
  EXPECT_TRUE(SteerTap(one_site(), {steering_of(map)}, {0, 0}).is_idle());
  const AffineMap identity = AffineMap::identity(kWidth);
  EXPECT_TRUE(SteerTap(one_site(), {steering_of(identity)}).is_idle());
  EXPECT_FALSE(SteerTap(one_site(), {steering_of(map)}, {0, 1}).is_idle());
}

TEST(SteerTap, RefusesMapsOfOtherModels) {
  const MapSet unknown{{{"mlb", random_map(1)}}};
  expect_error(ErrorKind::shape, {"mlb", "Nearest: mlp"}, [&] {
    SteerTap(one_site(), {{unknown, 1}});
  });
  const MapSet wide{{{"mlp", AffineMap::identity(6)}}};
  expect_error(ErrorKind::shape, {"mlp", "6", "5"}, [&] {
    SteerTap(one_site(), {{wide, 1}});
  });
}

}  // namespace
}  // namespace lineas
