// The spans of a call; what the rules choose is tested in steer_tap_test.cpp.
#include "lineas/maps/token_plan.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

using Numbers = std::vector<int64_t>;
using Spans = std::vector<TokenSpan>;

PassContext two_rows() {
  return {.rows = {{0, 0, 3, 0}, {1, 3, 5, 0}}};
}

Tensor longs(const Numbers& values) {
  return at::tensor(values, at::kLong);
}

TEST(TokenPlan, GivesRowsTheirMaps) {
  const PassContext context = two_rows();
  const RowAxis& axis = context.row_axis(at::zeros({5, 4}));
  const TokenPlan both({}, context, axis, Numbers{1, 2});
  EXPECT_EQ(both.spans(), Spans({{0, 3, 0, 1}, {3, 5, 1, 2}}));
  EXPECT_EQ(both.common(), -1);
  EXPECT_EQ(both.numbers(), Numbers({1, 1, 1, 2, 2}));
  const TokenPlan same({}, context, axis, Numbers{2, 2});
  EXPECT_EQ(same.common(), 2);
  EXPECT_TRUE(same.is_everything());
  const TokenPlan one({}, context, axis, Numbers{0, 2});
  EXPECT_FALSE(one.is_everything());
  EXPECT_EQ(one.common(), 2);
  EXPECT_TRUE(one.tokens_A().equal(longs({3, 4})));
  EXPECT_TRUE(TokenPlan({}, context, axis, Numbers{0, 0}).is_empty());
}

TEST(TokenPlan, TellsTheTokensAndTheirMeans) {
  const PassContext context = two_rows();
  const Tensor x_SD = at::arange(20, at::kFloat).view({5, 4});
  const MapRules rules{.tokens = {TokenScope::Kind::last, 2}};
  const TokenPlan plan(rules, context, context.row_axis(x_SD));
  EXPECT_EQ(plan.common(), 1);
  EXPECT_TRUE(plan.tokens_A().equal(longs({1, 2, 3, 4})));
  EXPECT_TRUE(plan.mean_BD(x_SD).equal(
      at::stack({x_SD.slice(0, 1, 3).mean(0), x_SD.slice(0, 3).mean(0)})));
  const Tensor values_BD = at::tensor({1.f, 2.f}).unsqueeze(1).repeat({1, 4});
  EXPECT_TRUE(plan.add_to_rows(x_SD, values_BD)
                  .sub(x_SD)
                  .select(1, 0)
                  .equal(at::tensor({0.f, 1.f, 1.f, 2.f, 2.f})));
}

TEST(TokenPlan, OfDecodingRowsEachIsAnEntry) {
  const PassContext context{.rows = {{4, 0, 1, 9}, {2, 1, 2, 3}}};
  const RowAxis& axis = context.row_axis(at::zeros({2, 4}));
  const TokenPlan plan(
      {.position = Position::last}, context, axis, Numbers{0, 3});
  EXPECT_TRUE(plan.by_entries());
  EXPECT_EQ(plan.common(), -1);
  EXPECT_EQ(plan.numbers(), Numbers({0, 3}));
}

TEST(TokenPlan, PicturesGoByEntryAndHalf) {
  PassContext context{.rows = {{0, 0, 2}, {0, 2, 4}},
                      .axis = Axis::entries,
                      .layout = Layout::channels_first};
  context.rows[0].half = Half::unconditional;
  context.rows[1].half = Half::conditional;
  const RowAxis& axis = context.row_axis(at::zeros({4, 3, 5, 5}));
  const TokenPlan plan(
      {.guidance = Guidance::conditional}, context, axis, Numbers{1, 1});
  EXPECT_TRUE(plan.by_entries());
  EXPECT_EQ(plan.numbers(), Numbers({0, 0, 1, 1}));
  EXPECT_EQ(plan.spans(), Spans({{50, 75, 1, 1}, {75, 100, 1, 1}}));
}

TEST(TokenPlan, PicturesBecomeTokensAndBack) {
  const PassContext context{.rows = {{0, 0, 1}, {1, 1, 2}},
                            .axis = Axis::entries,
                            .layout = Layout::channels_first};
  const Tensor x_BCHW = at::randn({2, 3, 4, 5});
  const RowAxis& axis = context.row_axis(x_BCHW);
  const Tensor x_SD = axis.to_tokens(x_BCHW);
  EXPECT_EQ(x_SD.sizes(), at::IntArrayRef({40, 3}));
  EXPECT_TRUE(x_SD[27].equal(
      x_BCHW.select(0, 1).select(1, 1).select(1, 2)));  // 20 + 5 + 2
  EXPECT_TRUE(axis.from_tokens(x_SD, x_BCHW).equal(x_BCHW));
}

}  // namespace
}  // namespace lineas
