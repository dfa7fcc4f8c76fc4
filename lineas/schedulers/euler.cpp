// Euler's method on the noise level (Karras and others, arXiv 2206.00364,
// algorithm 2 without churn). Source: diffusers scheduling_euler_discrete.py.
#include <algorithm>
#include <cmath>

#include "lineas/schedulers/noise_schedule.h"
#include "lineas/schedulers/prediction.h"
#include "lineas/schedulers/registry.h"
#include "lineas/schedulers/sigma_path.h"
#include "lineas/schedulers/spacing.h"

namespace lineas {
namespace {

struct Path {
  std::vector<double> timesteps, sigmas;
};

std::vector<double> timesteps_of(const std::vector<double>& sigmas,
                                 const std::vector<double>& train_sigmas) {
  std::vector<double> timesteps;
  for (const double sigma : sigmas)
    timesteps.push_back(timestep_of_sigma(sigma, train_sigmas));
  return timesteps;
}

// The levels as they are given, the end among them.
Path given_path(const SamplerOptions& options,
                const std::vector<double>& train_sigmas) {
  if (options.sigmas.size() < 2)
    fail(ErrorKind::usage,
         "sigmas: the last is where sampling ends, so euler needs two at "
         "least");
  Path path{.sigmas = options.sigmas};
  path.timesteps = timesteps_of(
      {options.sigmas.begin(), options.sigmas.end() - 1}, train_sigmas);
  return path;
}

std::vector<double> visited_timesteps(const SchedulerConfig& config,
                                      const SamplerOptions& options) {
  std::vector<double> timesteps = options.timesteps;
  if (timesteps.empty()) {
    check_step_count(*options.steps, config);
    timesteps = read_spacing(config, *options.steps);
  } else {
    check_timesteps(timesteps, config, /*must_be_whole=*/false);
  }
  for (double& t : timesteps) t = in_float32(t);
  return timesteps;
}

std::vector<double> log_linear_sigmas(const std::vector<double>& train_sigmas,
                                      int64_t steps) {
  std::vector<double> sigmas = linear_range(
      std::log(train_sigmas.back()), std::log(train_sigmas.front()), steps + 1);
  for (double& sigma : sigmas) sigma = std::exp(sigma);
  return sigmas;
}

Path spaced_path(const SchedulerConfig& config,
                 const SamplerOptions& options,
                 const std::vector<double>& train_sigmas) {
  Path path{.timesteps = visited_timesteps(config, options)};
  const int64_t steps = std::ssize(path.timesteps);
  const bool is_linear =
      config.choice("interpolation_type", {"linear", "log_linear"}) == "linear";
  path.sigmas = is_linear ? interpolate(path.timesteps, train_sigmas)
                          : log_linear_sigmas(train_sigmas, steps);
  const SigmaRange range = read_sigma_range(config);
  if (range != SigmaRange::none) {
    if (!options.timesteps.empty())
      fail(ErrorKind::usage,
           "timesteps: \"use_karras_sigmas\" and \"use_exponential_sigmas\" "
           "make their own; give the number of steps");
    path.sigmas = range == SigmaRange::karras
                      ? karras_sigmas(config, path.sigmas, steps)
                      : exponential_sigmas(config, path.sigmas, steps);
    path.timesteps = timesteps_of(path.sigmas, train_sigmas);
  }
  path.sigmas.push_back(read_final_sigma(config, train_sigmas));
  return path;
}

bool is_continuous(const SchedulerConfig& config, Prediction prediction) {
  return config.choice("timestep_type", {"discrete", "continuous"}) ==
             "continuous" &&
         prediction == Prediction::v;
}

class Euler : public Scheduler {
 public:
  Euler(const SchedulerConfig& config, const SamplerOptions& options)
      : prediction_(read_prediction(
            config, {"epsilon", "v_prediction", "sample", "original_sample"})) {
    const std::vector<double> train_sigmas =
        sigmas_of(read_alphas_cumprod(config, ZeroSnr::becomes_tiny));
    Path path = options.sigmas.empty()
                    ? spaced_path(config, options, train_sigmas)
                    : given_path(options, train_sigmas);
    for (double& sigma : path.sigmas) sigma = in_float32(sigma);
    if (is_continuous(config, prediction_)) {
      if (!options.timesteps.empty())
        fail(ErrorKind::usage,
             "timesteps: \"timestep_type\" continuous makes its own; give the "
             "number of steps");
      path.timesteps.clear();
      for (size_t i = 0; i + 1 < path.sigmas.size(); ++i)
        path.timesteps.push_back(0.25 * std::log(path.sigmas[i]));
    }
    for (const double t : path.timesteps) timesteps_.push_back(in_float32(t));
    // log_linear has a level more than there are steps.
    path.sigmas.resize(timesteps_.size() + 1);
    sigmas_ = path.sigmas;
    init_noise_sigma_ = euler_start(config, sigmas_);
  }

  Tensor scale_input(const Tensor& x, int64_t step) const override {
    return scale_by_sigma(x, sigmas_.at(step));
  }

 protected:
  Carried advance(const Tensor& output,
                  int64_t step,
                  const Carried& carried,
                  const Tensor& noise) const override {
    const double sigma = sigmas_[step];
    const Tensor& x = carried[0];
    const Tensor clean = clean_of_sigma(prediction_, output, x, sigma);
    // A float32, as there: beside a sigma of 4096 its rounding is seen.
    const double stride = in_float32(sigmas_[step + 1] - sigma);
    return {x + (x - clean) / sigma * stride};
  }

 private:
  Prediction prediction_;
};

}  // namespace

const char* defaults_euler() {
  return R"({
    "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02,
    "beta_schedule": "linear", "trained_betas": null,
    "prediction_type": "epsilon", "interpolation_type": "linear",
    "use_karras_sigmas": false, "use_exponential_sigmas": false,
    "use_beta_sigmas": false, "sigma_min": null, "sigma_max": null,
    "timestep_spacing": "linspace", "timestep_type": "discrete",
    "steps_offset": 0, "rescale_betas_zero_snr": false,
    "final_sigmas_type": "zero"
  })";
}

std::unique_ptr<const Scheduler> make_euler(const SchedulerConfig& config,
                                            const SamplerOptions& options) {
  return std::make_unique<Euler>(config, options);
}

}  // namespace lineas
