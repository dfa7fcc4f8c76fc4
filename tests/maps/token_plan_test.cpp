// The spans of a call; what the rules choose is tested in steer_tap_test.cpp.
#include "lineas/maps/token_plan.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

PassContext two_rows() {
  return {.rows = {{0, 0, 3, 0}, {1, 3, 5, 0}}};
}

TEST(TokenPlan, WorksItsSpansOutOncePerKindOfCall) {
  TokenPlan plan({}, {1, 2});
  const Tensor x_SD = at::zeros({5, 4});
  plan.update(x_SD, two_rows());
  const int64_t version = plan.version();
  EXPECT_EQ(plan.spans(), (std::vector<TokenSpan>{{0, 3, 1}, {3, 5, 2}}));
  EXPECT_EQ(plan.common_factor(), -1);
  plan.update(x_SD, two_rows());
  PassContext later = two_rows();
  later.rows[1].position = 8;  // decoding goes on: the same spans
  plan.update(x_SD, later);
  EXPECT_EQ(plan.version(), version);
  later.rows.pop_back();
  plan.update(x_SD.slice(0, 0, 3), later);
  EXPECT_GT(plan.version(), version);
  EXPECT_EQ(plan.common_factor(), 1);
}

TEST(TokenPlan, TellsEveryTokenItsFactorAndSpan) {
  TokenPlan plan({.tokens = {TokenScope::Kind::last, 1}}, {});
  plan.update(at::zeros({5, 4}), two_rows());
  EXPECT_TRUE(plan.is_tokenwise());
  EXPECT_EQ(plan.common_factor(), -1);
  const auto longs = [](std::vector<int64_t> values) {
    return at::tensor(values, at::kLong);
  };
  EXPECT_TRUE(plan.factors_S(at::kCPU).equal(longs({0, 0, 1, 0, 1})));
  EXPECT_TRUE(plan.span_of_token_S(at::kCPU).equal(longs({2, 2, 0, 2, 1})));
  EXPECT_TRUE(plan.factors_P(at::kCPU).equal(longs({1, 1})));
  EXPECT_TRUE(plan.averages_PS(at::kCPU).sum(1).equal(at::ones({2})));
}

TEST(TokenPlan, PicturesBecomeTokensAndBack) {
  const Tensor x_BCHW = at::randn({2, 3, 4, 5});
  const Tensor x_SD = to_tokens(x_BCHW);
  EXPECT_EQ(x_SD.sizes(), at::IntArrayRef({40, 3}));
  EXPECT_TRUE(x_SD[27].equal(
      x_BCHW.select(0, 1).select(1, 1).select(1, 2)));  // 20 + 5 + 2
  EXPECT_TRUE(from_tokens(x_SD, x_BCHW).equal(x_BCHW));
}

}  // namespace
}  // namespace lineas
