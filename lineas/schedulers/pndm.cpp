// PNDM without its Runge-Kutta steps, also known as PLMS (Liu and others, arXiv
// 2202.09778, equations 9 and 12): a linear multistep method that remembers up
// to three outputs, and calls the model twice for the first step.
// Source: diffusers scheduling_pndm.py.
#include <algorithm>
#include <cmath>

#include "lineas/schedulers/noise_schedule.h"
#include "lineas/schedulers/prediction.h"
#include "lineas/schedulers/registry.h"
#include "lineas/schedulers/spacing.h"

namespace lineas {
namespace {

// The second timestep comes twice.
std::vector<double> with_second_twice(std::vector<double> timesteps) {
  if (timesteps.size() > 1)
    timesteps.insert(timesteps.begin() + 1, timesteps[1]);
  return timesteps;
}

// Adams-Bashforth over the outputs, the latest last.
Tensor mean_slope(const std::vector<Tensor>& outputs) {
  const size_t n = outputs.size();
  const auto& e = outputs;
  if (n == 1) return e[0];
  if (n == 2) return (3 * e[1] - e[0]) / 2;
  if (n == 3) return (23 * e[2] - 16 * e[1] + 5 * e[0]) / 12;
  return (55 * e[3] - 59 * e[2] + 37 * e[1] - 9 * e[0]) / 24;
}

class Pndm : public Scheduler {
 public:
  Pndm(const SchedulerConfig& config, const SamplerOptions& options)
      : prediction_(read_prediction(config, {"epsilon", "v_prediction"})) {
    if (!config.flag("skip_prk_steps"))
      config.fail_field(ErrorKind::unsupported,
                        "skip_prk_steps",
                        "is false, and the Runge-Kutta steps are not built; "
                        "make it true, as all published models have it");
    const int64_t steps = require_steps(options, config, "PNDMScheduler");
    timesteps_ = with_second_twice(rounded(read_spacing(config, steps)));
    check_timesteps(timesteps_, config, /*must_be_whole=*/true);
    const auto alphas = read_alphas_cumprod(config, ZeroSnr::stays_zero);
    const double final_alpha = read_final_alpha(config, alphas);
    const int64_t stride = std::ssize(alphas) / steps;
    for (int64_t i = 0; i < calls(); ++i) {
      const auto t = static_cast<int64_t>(timesteps_[i]);
      const int64_t from = i == 1 ? t + stride : t;
      if (from >= std::ssize(alphas))
        fail(ErrorKind::usage,
             "steps: {} with \"timestep_spacing\" {} lead past the last "
             "timestep; take another number",
             steps,
             config.text("timestep_spacing"));
      from_.push_back(alphas[from]);
      to_.push_back(alpha_at(alphas, from - stride, final_alpha));
    }
  }

 protected:
  // After the first call its start and its output, later the outputs.
  int64_t remembered(int64_t step) const override {
    if (step < 2) return 2 * step;
    return std::min<int64_t>(step - 1, 3);
  }

  Carried advance(const Tensor& output,
                  int64_t step,
                  const Carried& carried,
                  const Tensor& noise) const override {
    if (step == 0) return {transfer(carried[0], output, 0), carried[0], output};
    if (step == 1)
      return {transfer(carried[1], (output + carried[2]) / 2, 1), carried[2]};
    std::vector<Tensor> outputs(carried.begin() + 1, carried.end());
    outputs.push_back(output);
    Carried after = {transfer(carried[0], mean_slope(outputs), step)};
    const size_t forgotten = outputs.size() > 3 ? outputs.size() - 3 : 0;
    after.insert(after.end(), outputs.begin() + forgotten, outputs.end());
    return after;
  }

 private:
  // Equation 9 (of v, after epsilon is worked out).
  Tensor transfer(const Tensor& x, const Tensor& slope, int64_t step) const {
    const double from = from_[step];
    const double to = to_[step];
    const Tensor epsilon =
        epsilon_of(prediction_, slope, x, share_of_alpha(from));
    const double divisor =
        from * std::sqrt(1 - to) + std::sqrt(from * (1 - from) * to);
    return std::sqrt(to / from) * x - (to - from) / divisor * epsilon;
  }

  Prediction prediction_;
  std::vector<double> from_, to_;  // products of alphas, at every call
};

}  // namespace

const char* defaults_pndm() {
  return R"({
    "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02,
    "beta_schedule": "linear", "trained_betas": null, "skip_prk_steps": false,
    "set_alpha_to_one": false, "prediction_type": "epsilon",
    "timestep_spacing": "leading", "steps_offset": 0
  })";
}

std::unique_ptr<const Scheduler> make_pndm(const SchedulerConfig& config,
                                           const SamplerOptions& options) {
  return std::make_unique<Pndm>(config, options);
}

}  // namespace lineas
