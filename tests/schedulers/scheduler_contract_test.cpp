// What every scheduler of schedulers.def must keep.
#include <gtest/gtest.h>

#include "lineas/schedulers/noise.h"
#include "lineas/schedulers/scheduler.h"
#include "tests/support/compare.h"

// The list itself, so that an entry is known to be tested.
#define LINEAS_SCHEDULER(name, class_name, short_name) short_name,
constexpr const char* kShortNames[] = {
#include "lineas/schedulers/schedulers.def"
};
#undef LINEAS_SCHEDULER

namespace lineas {
namespace {

using testing::error_of;

constexpr int64_t kSteps = 5;

class SchedulerContract : public ::testing::TestWithParam<const char*> {
 protected:
  SchedulerContract()
      : scheduler_(make_scheduler(
            {{"skip_prk_steps", true}, {"clip_sample", false}},
            {.scheduler = GetParam(),
             .steps = kSteps,
             .eta = std::string(GetParam()) == "ddim" ? 0.5 : 0.0},
            "c")),
        noise_({1, 2}, {3, 2}, 2, {.dtype = at::kDouble}) {}

  Tensor noise_of(int64_t step, const std::vector<int64_t>& rows) {
    if (!scheduler_->needs_noise(step)) return {};
    return noise_.draw(rows, 1 + scheduler_->noises_before(step));
  }
  Carried advance(int64_t step,
                  const Carried& carried,
                  const std::vector<int64_t>& rows = {0, 1}) {
    const Tensor input = scheduler_->scale_input(carried[0], step);
    const Tensor output = at::tanh(input + 0.1 * static_cast<double>(step));
    return scheduler_->step(output, step, carried, noise_of(step, rows));
  }
  // All states, the start first.
  std::vector<Carried> run(const std::vector<int64_t>& rows = {0, 1}) {
    std::vector<Carried> states = {
        {noise_.draw(rows, 0) * scheduler_->init_noise_sigma()}};
    for (int64_t step = 0; step < scheduler_->calls(); ++step)
      states.push_back(advance(step, states.back(), rows));
    return states;
  }

  std::unique_ptr<const Scheduler> scheduler_;
  PictureNoise noise_;
};

TEST_P(SchedulerContract, GoesDownInAsManyStepsAsAskedFor) {
  const std::vector<double>& t = scheduler_->timesteps();
  const int64_t extra = std::string(GetParam()) == "pndm";
  EXPECT_EQ(scheduler_->calls(), kSteps + extra);
  for (size_t i = 1; i < t.size(); ++i) EXPECT_LE(t[i], t[i - 1]);
  EXPECT_GT(scheduler_->init_noise_sigma(), 0);
  EXPECT_TRUE(scheduler_->sigmas().empty() ||
              std::ssize(scheduler_->sigmas()) == scheduler_->calls() + 1);
}

// Of a weighted sum of the whole next state, in output, latents and memory.
TEST_P(SchedulerContract, GradientsAreFiniteDifferences) {
  const std::vector<Carried> states = run();
  for (int64_t step = 0; step < scheduler_->calls(); ++step) {
    std::vector<Tensor> inputs = states[step];
    inputs.push_back(at::cos(inputs[0]));
    for (Tensor& x : inputs) x = x.detach().clone().requires_grad_(true);
    const auto value = [&](const std::vector<Tensor>& all) {
      const Carried before(all.begin(), all.end() - 1);
      const Carried after =
          scheduler_->step(all.back(), step, before, noise_of(step, {0, 1}));
      Tensor sum = at::zeros({}, at::kDouble);
      for (size_t i = 0; i < after.size(); ++i)
        sum = sum + (after[i] * at::sin(after[i].detach() * 0 + 1.0 +
                                        at::arange(6).view({3, 2})))
                            .sum() *
                        static_cast<double>(i + 1);
      return sum;
    };
    value(inputs).backward();
    const c10::NoGradGuard no_gradients;
    for (size_t k = 0; k < inputs.size(); ++k) {
      const Tensor direction = at::sin(at::arange(12).view({2, 3, 2}) + 0.5);
      std::vector<Tensor> right = inputs, left = inputs;
      right[k] = inputs[k] + 1e-4 * direction;
      left[k] = inputs[k] - 1e-4 * direction;
      const double slope = (value(right) - value(left)).item<double>() / 2e-4;
      const Tensor gradient = inputs[k].grad();
      const double claimed =
          gradient.defined() ? (gradient * direction).sum().item<double>() : 0;
      EXPECT_NEAR(slope, claimed, 1e-6 * std::max(1.0, std::abs(slope)))
          << "step " << step << ", input " << k;
    }
  }
}

TEST_P(SchedulerContract, AStepIsRunAgainAlone) {
  const std::vector<Carried> states = run();
  for (int64_t step = scheduler_->calls(); step-- > 0;) {
    const Carried again = advance(step, states[step]);
    ASSERT_EQ(again.size(), states[step + 1].size());
    for (size_t i = 0; i < again.size(); ++i)
      EXPECT_TRUE(at::equal(again[i], states[step + 1][i])) << step;
  }
}

TEST_P(SchedulerContract, RowsDoNotSeeOneAnother) {
  const std::vector<Carried> all = run();
  const std::vector<Carried> second = run({1});
  for (size_t step = 0; step < all.size(); ++step)
    for (size_t i = 0; i < all[step].size(); ++i)
      EXPECT_LE(error_of(second[step][i], all[step][i].slice(0, 1, 2)), 1e-14);
}

TEST_P(SchedulerContract, EndsFinite) {
  const Carried end = run().back();
  for (const Tensor& x : end) EXPECT_TRUE(at::isfinite(x).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(All,
                         SchedulerContract,
                         ::testing::ValuesIn(kShortNames),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             if (std::isalnum(c) == 0) c = '_';
                           return name;
                         });

}  // namespace
}  // namespace lineas
