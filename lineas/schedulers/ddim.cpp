// DDIM (Song and others, arXiv 2010.02502, equations 12 and 16).
// Source: diffusers scheduling_ddim.py.
#include <cmath>

#include "lineas/schedulers/noise_schedule.h"
#include "lineas/schedulers/prediction.h"
#include "lineas/schedulers/registry.h"
#include "lineas/schedulers/spacing.h"

namespace lineas {
namespace {

class Ddim : public Scheduler {
 public:
  Ddim(const SchedulerConfig& config, const SamplerOptions& options)
      : prediction_(
            read_prediction(config, {"epsilon", "sample", "v_prediction"})),
        bounds_(read_bounds(config)),
        eta_(options.eta) {
    const int64_t steps = require_steps(options, config, "DDIMScheduler");
    timesteps_ = rounded(read_spacing(config, steps));
    check_timesteps(timesteps_, config, /*must_be_whole=*/true);
    const auto alphas = read_alphas_cumprod(config, ZeroSnr::stays_zero);
    const double final_alpha = read_final_alpha(config, alphas);
    // Whatever the spacing, the step before is a full stride away.
    const int64_t stride = std::ssize(alphas) / steps;
    for (const double t : timesteps_) {
      const auto at = static_cast<int64_t>(t);
      from_.push_back(alpha_at(alphas, at, final_alpha));
      to_.push_back(alpha_at(alphas, at - stride, final_alpha));
    }
    check_signal(config, prediction_, from_[0]);
  }

  bool needs_noise(int64_t step) const override { return eta_ > 0; }

 protected:
  Carried advance(const Tensor& output,
                  int64_t step,
                  const Carried& carried,
                  const Tensor& noise) const override {
    const double from = from_[step];
    const double to = to_[step];
    const Share share = share_of_alpha(from);
    const Tensor clean =
        bounds_(clean_of(prediction_, output, carried[0], share));
    const Tensor epsilon = epsilon_of(prediction_, output, carried[0], share);
    const double variance = (1 - to) / (1 - from) * (1 - from / to);
    const double deviation = eta_ * std::sqrt(variance);
    const double direction = std::sqrt(1 - to - deviation * deviation);
    const Tensor x = std::sqrt(to) * clean + direction * epsilon;
    return {needs_noise(step) ? x + deviation * noise : x};
  }

 private:
  Prediction prediction_;
  Bounds bounds_;
  double eta_;
  std::vector<double> from_, to_;  // products of alphas, at every step
};

}  // namespace

const char* defaults_ddim() {
  return R"({
    "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02,
    "beta_schedule": "linear", "trained_betas": null, "clip_sample": true,
    "set_alpha_to_one": true, "steps_offset": 0, "prediction_type": "epsilon",
    "thresholding": false, "dynamic_thresholding_ratio": 0.995,
    "clip_sample_range": 1.0, "sample_max_value": 1.0,
    "timestep_spacing": "leading", "rescale_betas_zero_snr": false
  })";
}

std::unique_ptr<const Scheduler> make_ddim(const SchedulerConfig& config,
                                           const SamplerOptions& options) {
  return std::make_unique<Ddim>(config, options);
}

}  // namespace lineas
