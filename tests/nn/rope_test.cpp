// Rotary angles: plain, linear and Llama 3 scaling.
#include "lineas/nn/rope.h"

#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;

// Frequency i of a rope is its angle at position 1; cos and sin give it back.
std::vector<double> frequencies(const Json& config, int64_t head_width) {
  const RopeAngles angles =
      Rope(config, head_width, "config.json").angles(at::ones({1}, at::kLong));
  std::vector<double> result;
  for (int64_t i = 0; i < head_width / 2; ++i)
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

TEST(Rope, DefaultThetaIsTenThousand) {
  expect_near(frequencies(Json::object(), 8), {1, 0.1, 0.01, 0.001});
  expect_near(frequencies({{"rope_theta", 100}, {"rope_scaling", nullptr}}, 4),
              {1, 0.1});
}

TEST(Rope, LinearScalingInBothSpellings) {
  for (const char* key : {"type", "rope_type"})
    expect_near(
        frequencies({{"rope_scaling", {{key, "linear"}, {"factor", 4.0}}}}, 4),
        {0.25, 0.0025});
}

// Made by transformers 4.56.2: ROPE_INIT_FUNCTIONS["llama3"] for head_dim 16
// and the settings of Llama 3.1.
TEST(Rope, Llama3Scaling) {
  const Json config = {{"rope_theta", 500000.0},
                       {"rope_scaling",
                        {{"rope_type", "llama3"},
                         {"factor", 8.0},
                         {"low_freq_factor", 1.0},
                         {"high_freq_factor", 4.0},
                         {"original_max_position_embeddings", 8192}}}};
  expect_near(frequencies(config, 16),
              {1,
               0.1939228,
               0.03760603,
               0.007292665,
               0.000524846,
               3.428102e-05,
               6.64787e-06,
               1.289173e-06});
}

TEST(Rope, AnglesGrowWithPosition) {
  const Tensor positions = at::tensor({0, 3, 511}, at::kLong);
  const RopeAngles angles =
      Rope(Json::object(), 4, "config.json").angles(positions);
  const Tensor golden =
      positions.to(at::kDouble).unsqueeze(1) * at::tensor({1.0, 0.01});
  EXPECT_LE(error_of(angles.cos_Sd2, golden.cos()), 1e-4);
  EXPECT_LE(error_of(angles.sin_Sd2, golden.sin()), 1e-4);
  EXPECT_EQ(angles.cos_Sd2.scalar_type(), at::kFloat);
}

TEST(Rope, RefusesWhatItDoesNotKnow) {
  expect_error(ErrorKind::unsupported, {"config.json", "yarn"}, [] {
    Rope({{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}}},
         4,
         "config.json");
  });
  expect_error(ErrorKind::format, {"config.json", "factor"}, [] {
    Rope({{"rope_scaling", {{"rope_type", "llama3"}}}}, 4, "config.json");
  });
}

}  // namespace
}  // namespace lineas
