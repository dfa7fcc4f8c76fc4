// The parts that schedules are made of, where they can be worked out by hand.
#include <cmath>

#include "lineas/schedulers/noise_schedule.h"
#include "lineas/schedulers/prediction.h"
#include "lineas/schedulers/scheduler_config.h"
#include "lineas/schedulers/sigma_path.h"
#include "lineas/schedulers/spacing.h"
#include "tests/support/compare.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::error_of;
using testing::expect_error;
using Numbers = std::vector<double>;

SchedulerConfig config_of(const Json& values) {
  return {values, values, "c"};
}

TEST(Spacing, OfTenTimesteps) {
  EXPECT_EQ(linspace_timesteps(10, 4), (Numbers{9, 6, 3, 0}));
  EXPECT_EQ(linspace_timesteps(10, 1), Numbers{0});
  EXPECT_EQ(leading_timesteps(3, 3, 1), (Numbers{7, 4, 1}));
  EXPECT_EQ(trailing_timesteps(10, 10, 4), (Numbers{9, 7, 4, 1}))
      << "halves go to the even neighbour: 10, 7.5, 5, 2.5";
  EXPECT_EQ(rounded({0.5, 1.5, -0.2}), (Numbers{0, 2, 0}));
}

TEST(Spacing, OfTrailingIsNeverAStepTooLong) {
  for (int64_t n = 1; n <= 1000; ++n) {
    const Numbers t = trailing_timesteps(1000, 1000, n);
    ASSERT_EQ(std::ssize(t), n);
    EXPECT_EQ(t.front(), 999);
    EXPECT_GE(t.back(), 0);
  }
}

TEST(Spacing, InterpolatesAndFindsTheTimestepOfALevel) {
  EXPECT_EQ(interpolate({0, 0.5, 1, 7, -2}, {2, 4}), (Numbers{2, 3, 4, 4, 2}));
  const Numbers levels = {1, std::exp(1.0), std::exp(2.0)};
  EXPECT_NEAR(timestep_of_sigma(std::exp(1.25), levels), 1.25, 1e-6);
  EXPECT_EQ(timestep_of_sigma(1e-30, levels), 0);
  EXPECT_NEAR(timestep_of_sigma(100, levels), 2, 1e-6);
}

TEST(Spacing, RangesOfLevelsKeepTheirEnds) {
  const SchedulerConfig config = config_of({{"x", 1}});
  for (const auto& sigmas : {karras_sigmas(config, {9, 4, 1}, 5),
                             exponential_sigmas(config, {9, 4, 1}, 5)}) {
    EXPECT_NEAR(sigmas.front(), 9, 1e-12);
    EXPECT_NEAR(sigmas.back(), 1, 1e-12);
  }
  EXPECT_NEAR(exponential_sigmas(config, {9, 1}, 3)[1], 3, 1e-12);
  EXPECT_NEAR(
      karras_sigmas(config_of({{"sigma_max", 5.0}}), {9, 1}, 2)[0], 5, 1e-12);
  expect_error(ErrorKind::format, {"sigma_min"}, [] {
    karras_sigmas(config_of({{"sigma_min", 50.0}}), {9, 1}, 2);
  });
}

TEST(NoiseSchedule, OfListedBetas) {
  Json values = {{"num_train_timesteps", 2},
                 {"trained_betas", {0.5, 0.25}},
                 {"rescale_betas_zero_snr", false},
                 {"set_alpha_to_one", true}};
  const Numbers alphas =
      read_alphas_cumprod(config_of(values), ZeroSnr::stays_zero);
  EXPECT_EQ(alphas, (Numbers{0.5, 0.375}));
  EXPECT_EQ(read_final_alpha(config_of(values), alphas), 1);
  EXPECT_EQ(alpha_at(alphas, -1, 1), 1);
  EXPECT_EQ(alpha_at(alphas, 1, 1), 0.375);
  EXPECT_NEAR(sigmas_of(alphas)[0], 1, 1e-7);
  values["rescale_betas_zero_snr"] = true;
  EXPECT_EQ(read_alphas_cumprod(config_of(values), ZeroSnr::stays_zero)[1], 0);
  EXPECT_EQ(read_alphas_cumprod(config_of(values), ZeroSnr::becomes_tiny)[1],
            std::exp2(-24));
}

// Whatever the output means, clean latents and noise are those it was made of.
TEST(Prediction, FindsWhatLatentsAreMadeOf) {
  at::manual_seed(1);
  const Tensor clean = at::randn({2, 3}, at::kDouble);
  const Tensor noise = at::randn({2, 3}, at::kDouble);
  const Share share = share_of_alpha(0.3);
  const Tensor x = share.signal * clean + share.noise * noise;
  const double sigma = std::sqrt(0.7 / 0.3);
  EXPECT_NEAR(share_of_sigma(sigma).signal, share.signal, 1e-12);
  const Tensor v = share.signal * noise - share.noise * clean;
  for (const auto& [kind, output] : {std::pair{Prediction::epsilon, noise},
                                     std::pair{Prediction::sample, clean},
                                     std::pair{Prediction::v, v}}) {
    EXPECT_LE(error_of(clean_of(kind, output, x, share), clean), 1e-12);
    EXPECT_LE(error_of(epsilon_of(kind, output, x, share), noise), 1e-12);
    const Tensor large = clean + sigma * noise;
    EXPECT_LE(error_of(clean_of_sigma(kind, output, large, sigma), clean),
              1e-12);
    EXPECT_LE(error_of(scale_by_sigma(large, sigma), x), 1e-12);
  }
}

TEST(Bounds, ClampOrThresholdEachRow) {
  const Tensor clean =
      at::tensor({-4.0, 0.5, 2.0, 0.2, -0.4, 0.8}).view({2, 3});
  const Bounds clamp{.clamps = true, .range = 1};
  EXPECT_TRUE(at::equal(clamp(clean), clean.clamp(-1, 1)));
  const Bounds threshold{.thresholds = true, .ratio = 0.5, .most = 3};
  const Tensor found = threshold(clean);
  EXPECT_LE(error_of(found[0], at::tensor({-1.0, 0.25, 1.0})), 1e-7);
  EXPECT_LE(error_of(found[1], clean[1]), 1e-7);
  EXPECT_TRUE(at::equal(Bounds{}(clean), clean));
}

TEST(SchedulerConfig, NamesFileAndField) {
  const SchedulerConfig config(
      {{"a", "x"}, {"_use_default_values", {"b"}}, {"b", 5}, {"hidden", 2.5}},
      {{"a", 1.0}, {"b", 2}, {"c", nullptr}},
      "c.json");
  EXPECT_EQ(config.integer("b", 0, 9), 2);
  EXPECT_EQ(config.of_any_class("hidden"), 2.5);
  EXPECT_EQ(config.of_any_class("c"), std::nullopt);
  EXPECT_EQ(config.optional_number("c"), std::nullopt);
  EXPECT_FALSE(config.flag("c"));
  EXPECT_FALSE(config.has("hidden"));
  expect_error(
      ErrorKind::format, {"c.json", "\"a\""}, [&] { config.number("a"); });
  expect_error(ErrorKind::format, {"c.json", "\"b\"", "3 to 9"}, [&] {
    config.integer("b", 3, 9);
  });
  expect_error(ErrorKind::unsupported, {"c.json", "\"a\"", "y, z"}, [&] {
    config.choice("a", {"y", "z"});
  });
}

}  // namespace
}  // namespace lineas
