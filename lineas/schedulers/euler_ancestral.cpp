// Euler's method with noise put back after every step, the last too (of size 0
// there, but drawn). Source: diffusers scheduling_euler_ancestral_discrete.py.
#include <cmath>

#include "lineas/schedulers/noise_schedule.h"
#include "lineas/schedulers/prediction.h"
#include "lineas/schedulers/registry.h"
#include "lineas/schedulers/sigma_path.h"
#include "lineas/schedulers/spacing.h"

namespace lineas {
namespace {

class EulerAncestral : public Scheduler {
 public:
  EulerAncestral(const SchedulerConfig& config, const SamplerOptions& options)
      : prediction_(read_prediction(config, {"epsilon", "v_prediction"})) {
    const int64_t steps =
        require_steps(options, config, "EulerAncestralDiscreteScheduler");
    for (const double t : read_spacing(config, steps))
      timesteps_.push_back(in_float32(t));
    const std::vector<double> train_sigmas =
        sigmas_of(read_alphas_cumprod(config, ZeroSnr::becomes_tiny));
    for (const double sigma : interpolate(timesteps_, train_sigmas))
      sigmas_.push_back(in_float32(sigma));
    sigmas_.push_back(0);
    init_noise_sigma_ = euler_start(config, sigmas_);
  }

  Tensor scale_input(const Tensor& x, int64_t step) const override {
    return scale_by_sigma(x, sigmas_.at(step));
  }
  bool needs_noise(int64_t step) const override { return true; }

 protected:
  Carried advance(const Tensor& output,
                  int64_t step,
                  const Carried& carried,
                  const Tensor& noise) const override {
    const double from = sigmas_[step];
    const double to = sigmas_[step + 1];
    const double up =
        std::sqrt(to * to * (from * from - to * to) / (from * from));
    const double down = std::sqrt(to * to - up * up);
    const double stride = in_float32(in_float32(down) - from);
    const Tensor& x = carried[0];
    const Tensor clean = clean_of_sigma(prediction_, output, x, from);
    return {x + (x - clean) / from * stride + noise * up};
  }

 private:
  Prediction prediction_;
};

}  // namespace

const char* defaults_euler_ancestral() {
  return R"({
    "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02,
    "beta_schedule": "linear", "trained_betas": null,
    "prediction_type": "epsilon", "timestep_spacing": "linspace",
    "steps_offset": 0, "rescale_betas_zero_snr": false
  })";
}

std::unique_ptr<const Scheduler> make_euler_ancestral(
    const SchedulerConfig& config, const SamplerOptions& options) {
  return std::make_unique<EulerAncestral>(config, options);
}

}  // namespace lineas
