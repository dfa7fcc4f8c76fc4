// Latent consistency models (Luo and others, arXiv 2310.04378): every step
// predicts the clean latents and, but for the last, adds noise again. Also the
// sampler of DMD2. Source: diffusers scheduling_lcm.py.
#include <cmath>

#include "lineas/schedulers/noise_schedule.h"
#include "lineas/schedulers/prediction.h"
#include "lineas/schedulers/registry.h"
#include "lineas/schedulers/spacing.h"

namespace lineas {
namespace {

// Evenly among the timesteps of distillation, from the last one down.
std::vector<double> distilled_timesteps(const SchedulerConfig& config,
                                        int64_t steps) {
  const int64_t train = config.integer("num_train_timesteps", 2, 1'000'000);
  const int64_t original = config.integer("original_inference_steps", 1, train);
  if (steps > original)
    fail(ErrorKind::usage,
         "steps: {} are more than the {} of \"original_inference_steps\"",
         steps,
         original);
  const double share =
      static_cast<double>(original) / static_cast<double>(steps);
  std::vector<double> timesteps;
  for (int64_t i = 0; i < steps; ++i) {
    const auto skipped =
        static_cast<int64_t>(std::floor(static_cast<double>(i) * share));
    timesteps.push_back(
        static_cast<double>((original - skipped) * (train / original) - 1));
  }
  return timesteps;
}

class Lcm : public Scheduler {
 public:
  Lcm(const SchedulerConfig& config, const SamplerOptions& options)
      : prediction_(
            read_prediction(config, {"epsilon", "sample", "v_prediction"})),
        bounds_(read_bounds(config)),
        scaling_(config.number("timestep_scaling")) {
    refuse_sigmas(options, "LCMScheduler");
    if (options.spacing)
      fail(ErrorKind::usage,
           "spacing: LCMScheduler has one of its own; leave it out");
    timesteps_ = options.timesteps;
    if (timesteps_.empty())
      timesteps_ = distilled_timesteps(config, *options.steps);
    check_timesteps(timesteps_, config, /*must_be_whole=*/true);
    const auto alphas = read_alphas_cumprod(config, ZeroSnr::stays_zero);
    for (const double t : timesteps_)
      alphas_.push_back(alphas.at(static_cast<size_t>(t)));
    check_signal(config, prediction_, alphas_[0]);
  }

  bool needs_noise(int64_t step) const override { return step + 1 < calls(); }

 protected:
  Carried advance(const Tensor& output,
                  int64_t step,
                  const Carried& carried,
                  const Tensor& noise) const override {
    constexpr double kDataVariance = 0.25;
    const Tensor& x = carried[0];
    const Tensor clean = bounds_(
        clean_of(prediction_, output, x, share_of_alpha(alphas_[step])));
    const double t = timesteps_[step] * scaling_;
    const double square = t * t + kDataVariance;
    const Tensor denoised =
        t / std::sqrt(square) * clean + kDataVariance / square * x;
    if (!needs_noise(step)) return {denoised};
    const Share next = share_of_alpha(alphas_[step + 1]);
    return {next.signal * denoised + next.noise * noise};
  }

 private:
  Prediction prediction_;
  Bounds bounds_;
  double scaling_;
  std::vector<double> alphas_;  // at every step
};

}  // namespace

const char* defaults_lcm() {
  return R"({
    "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "trained_betas": null,
    "original_inference_steps": 50, "clip_sample": false,
    "clip_sample_range": 1.0, "set_alpha_to_one": true, "steps_offset": 0,
    "prediction_type": "epsilon", "thresholding": false,
    "dynamic_thresholding_ratio": 0.995, "sample_max_value": 1.0,
    "timestep_spacing": "leading", "timestep_scaling": 10.0,
    "rescale_betas_zero_snr": false
  })";
}

std::unique_ptr<const Scheduler> make_lcm(const SchedulerConfig& config,
                                          const SamplerOptions& options) {
  return std::make_unique<Lcm>(config, options);
}

}  // namespace lineas
