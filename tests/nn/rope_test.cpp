// Rotary angles of every type, against transformers' ROPE_INIT_FUNCTIONS and
// what can be worked out by hand.
#include "lineas/nn/rope.h"

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;

// Frequency i of a rope is its angle at position 1 of a row of `keys` tokens.
std::vector<double> frequencies(const RopeSettings& settings,
                                int64_t keys = 2) {
  const RowView row{.begin = 0, .end = 1, .position = keys - 1};
  const RopeAngles angles =
      Rope(settings).angles(at::ones({1}, at::kLong), std::span(&row, 1));
  std::vector<double> result;
  for (int64_t i = 0; i < settings.width / 2; ++i)
    result.push_back(std::atan2(angles.sin_Sd2[0][i].item<double>(),
                                angles.cos_Sd2[0][i].item<double>()));
  return result;
}

void expect_near(const std::vector<double>& got,
                 const std::vector<double>& golden) {
  ASSERT_EQ(got.size(), golden.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i] / golden[i], 1.0, 1e-5) << "frequency " << i;
}

TEST(Rope, Plain) {
  expect_near(frequencies({.width = 8}), {1, 0.1, 0.01, 0.001});
  expect_near(frequencies({.width = 4, .theta = 100}), {1, 0.1});
}

TEST(Rope, Linear) {
  expect_near(
      frequencies({.type = RopeType::linear, .width = 4, .factor = 4.0}),
      {0.25, 0.0025});
}

// Made by transformers 4.56.2: ROPE_INIT_FUNCTIONS["llama3"] for head_dim 16
// and the settings of Llama 3.1.
TEST(Rope, Llama3Scaling) {
  expect_near(frequencies({.type = RopeType::llama3,
                           .width = 16,
                           .theta = 500000,
                           .factor = 8,
                           .trained_context = 8192,
                           .low_frequency = 1,
                           .high_frequency = 4}),
              {1,
               0.1939228,
               0.03760603,
               0.007292665,
               0.000524846,
               3.428102e-05,
               6.64787e-06,
               1.289173e-06});
}

// theta * (factor * 100 / 50 - (factor - 1)) ^ (4 / 2) = 100 * 4^2.
TEST(Rope, DynamicGrowsWithTheRow) {
  const RopeSettings dynamic = {.type = RopeType::dynamic,
                                .width = 4,
                                .theta = 100,
                                .factor = 3,
                                .trained_context = 50};
  expect_near(frequencies(dynamic, 50), {1, 0.1});
  expect_near(frequencies(dynamic, 100), {1, 1 / std::sqrt(1600.0)});
}

TEST(Rope, LongropeChangesBeyondItsContext) {
  const RopeSettings longrope = {.type = RopeType::longrope,
                                 .width = 4,
                                 .theta = 100,
                                 .trained_context = 50,
                                 .short_factors = {1, 2},
                                 .long_factors = {4, 5}};
  expect_near(frequencies(longrope, 50), {1, 0.05});
  expect_near(frequencies(longrope, 51), {0.25, 0.02});
}

TEST(Rope, RowsOfOneCallHaveTheirOwnFrequencies) {
  const Rope rope({.type = RopeType::dynamic,
                   .width = 4,
                   .theta = 100,
                   .factor = 3,
                   .trained_context = 2});
  const std::vector<RowView> rows = {{.begin = 0, .end = 3},
                                     {.begin = 3, .end = 5}};
  const RopeAngles both =
      rope.angles(at::tensor({0, 1, 2, 0, 1}, at::kLong), rows);
  const RopeAngles shorter =
      rope.angles(at::tensor({0, 1}, at::kLong), std::span(rows).subspan(1, 1));
  EXPECT_TRUE(at::equal(both.sin_Sd2.slice(0, 3, 5), shorter.sin_Sd2));
  EXPECT_FALSE(at::equal(both.sin_Sd2[1], both.sin_Sd2[4]));
}

TEST(Rope, AttentionFactorScalesCosAndSin) {
  const Tensor positions = at::tensor({3}, at::kLong);
  const RopeAngles plain = Rope({.width = 4}).angles(positions, {});
  const RopeAngles scaled =
      Rope({.width = 4, .attention_factor = 1.5}).angles(positions, {});
  EXPECT_LE(error_of(scaled.cos_Sd2, plain.cos_Sd2 * 1.5), 1e-6);
  EXPECT_LE(error_of(scaled.sin_Sd2, plain.sin_Sd2 * 1.5), 1e-6);
}

TEST(Rope, AnglesGrowWithPosition) {
  const Tensor positions = at::tensor({0, 3, 511}, at::kLong);
  const RopeAngles angles = Rope({.width = 4}).angles(positions, {});
  const Tensor golden =
      positions.to(at::kDouble).unsqueeze(1) * at::tensor({1.0, 0.01});
  EXPECT_LE(error_of(angles.cos_Sd2, golden.cos()), 1e-4);
  EXPECT_LE(error_of(angles.sin_Sd2, golden.sin()), 1e-4);
  EXPECT_EQ(angles.cos_Sd2.scalar_type(), at::kFloat);
}

TEST(RotatePart, LeavesTheRestOfEveryHeadAlone) {
  at::manual_seed(1);
  const Tensor x_SHd = at::randn({2, 3, 6});
  const RopeAngles angles =
      Rope({.width = 4}).angles(at::tensor({1, 2}, at::kLong), {});
  const Tensor y_SHd = rotate_part(x_SHd, angles);
  EXPECT_TRUE(at::equal(y_SHd.slice(-1, 4), x_SHd.slice(-1, 4)));
  const Tensor first = x_SHd.select(-1, 0), third = x_SHd.select(-1, 2);
  const Tensor cos_S1 = angles.cos_Sd2.slice(1, 0, 1);
  const Tensor sin_S1 = angles.sin_Sd2.slice(1, 0, 1);
  EXPECT_LE(error_of(y_SHd.select(-1, 0), first * cos_S1 - third * sin_S1),
            1e-6);
  EXPECT_TRUE(at::equal(rotate_part(x_SHd, {}), x_SHd));
}

}  // namespace
}  // namespace lineas
