// DPM-Solver++ (Lu and others, arXiv 2211.01095, algorithm 2): a multistep
// method of first or second order on the clean latents, the last of which it
// remembers. Source: diffusers scheduling_dpmsolver_multistep.py.
#include <algorithm>
#include <cmath>

#include "lineas/base/printable.h"
#include "lineas/schedulers/noise_schedule.h"
#include "lineas/schedulers/prediction.h"
#include "lineas/schedulers/registry.h"
#include "lineas/schedulers/spacing.h"

namespace lineas {
namespace {

void refuse_what_is_not_built(const SchedulerConfig& config) {
  config.choice("algorithm_type", {"dpmsolver++"});
  config.choice("solver_type", {"midpoint", "heun", "logrho", "bh1", "bh2"});
  if (config.integer("solver_order", 1, 3) == 3)
    config.fail_field(ErrorKind::unsupported,
                      "solver_order",
                      "is 3, which is not supported; make it 2");
  config.refuse_flag("use_flow_sigmas");
  const auto variance = config.optional_text("variance_type");
  if (variance && variance->starts_with("learned"))
    config.fail_field(ErrorKind::unsupported,
                      "variance_type",
                      "is \"{}\", and models that predict a variance are not "
                      "supported",
                      printable(*variance));
}

// Timesteps below the top one whose lambda is clipped are the range.
int64_t top_timestep(const SchedulerConfig& config,
                     const std::vector<double>& train_sigmas) {
  const auto least = config.optional_number("lambda_min_clipped");
  if (!least) return std::ssize(train_sigmas);
  const int64_t top = std::count_if(
      train_sigmas.begin(), train_sigmas.end(), [&](double sigma) {
        return -std::log(sigma) >= *least;
      });
  if (top == 0)
    config.fail_field(ErrorKind::format,
                      "lambda_min_clipped",
                      "is {}, which leaves no timestep; make it less",
                      *least);
  return top;
}

// One point more than steps, without the last.
std::vector<double> spaced(const SchedulerConfig& config,
                           int64_t top,
                           int64_t steps) {
  const int64_t train = config.integer("num_train_timesteps", 2, 1'000'000);
  const std::string spacing =
      config.choice("timestep_spacing", {"leading", "trailing", "linspace"});
  if (spacing == "trailing") return trailing_timesteps(top, train, steps);
  std::vector<double> timesteps =
      spacing == "linspace"
          ? rounded(linspace_timesteps(top, steps + 1))
          : leading_timesteps(top / (steps + 1),
                              steps + 1,
                              config.integer("steps_offset", 0, train - 1));
  timesteps.pop_back();
  return timesteps;
}

class DpmPlusPlus : public Scheduler {
 public:
  DpmPlusPlus(const SchedulerConfig& config, const SamplerOptions& options)
      : prediction_(
            read_prediction(config, {"epsilon", "sample", "v_prediction"})),
        bounds_(read_bounds(config)) {
    refuse_what_is_not_built(config);
    refuse_sigmas(options, "DPMSolverMultistepScheduler");
    is_second_order_ = config.integer("solver_order", 1, 2) == 2;
    is_heun_ = config.text("solver_type") == "heun";
    const auto train_sigmas =
        sigmas_of(read_alphas_cumprod(config, ZeroSnr::becomes_tiny));
    set_path(config, options, train_sigmas);
    sigmas_.push_back(read_final_sigma(config, train_sigmas));
    for (double& sigma : sigmas_) sigma = in_float32(sigma);
    ends_in_first_order_ = config.flag("euler_at_final") ||
                           (config.flag("lower_order_final") && calls() < 15) ||
                           sigmas_.back() == 0;
  }

 protected:
  int64_t remembered(int64_t step) const override {
    return is_second_order_ && step > 0 ? 1 : 0;
  }

  Carried advance(const Tensor& output,
                  int64_t step,
                  const Carried& carried,
                  const Tensor& noise) const override {
    const Share from = share_of_sigma(sigmas_[step]);
    const Share to = share_of_sigma(sigmas_[step + 1]);
    const Tensor& x = carried[0];
    const Tensor clean = bounds_(clean_of(prediction_, output, x, from));
    // exp(-h), h the step in lambda = log(signal / noise).
    const double shrink = sigmas_[step + 1] / sigmas_[step];
    Tensor next = to.noise / from.noise * x - to.signal * (shrink - 1) * clean;
    const bool is_last = step + 1 == calls();
    if (carried.size() > 1 && !(is_last && ends_in_first_order_))
      next = next + curvature(step) * (clean - carried[1]);
    if (!is_second_order_) return {next};
    return {next, clean};
  }

 private:
  void set_path(const SchedulerConfig& config,
                const SamplerOptions& options,
                const std::vector<double>& train_sigmas) {
    const SigmaRange range = read_sigma_range(config);
    const bool by_lambda = config.flag("use_lu_lambdas");
    if (!options.timesteps.empty()) {
      if (range != SigmaRange::none || by_lambda)
        fail(ErrorKind::usage,
             "timesteps: \"use_karras_sigmas\", \"use_exponential_sigmas\" and "
             "\"use_lu_lambdas\" make their own; give the number of steps");
      timesteps_ = options.timesteps;
    } else {
      check_step_count(*options.steps, config);
      timesteps_ =
          spaced(config, top_timestep(config, train_sigmas), *options.steps);
    }
    if (range == SigmaRange::none && !by_lambda) {
      check_timesteps(timesteps_, config, /*must_be_whole=*/true);
      sigmas_ = interpolate(timesteps_, train_sigmas);
    } else {
      set_range(config, range, *options.steps, train_sigmas);
    }
  }

  // Levels made from the whole range, and timesteps that belong to them.
  void set_range(const SchedulerConfig& config,
                 SigmaRange range,
                 int64_t steps,
                 const std::vector<double>& train_sigmas) {
    const std::vector<double> whole(train_sigmas.rbegin(), train_sigmas.rend());
    const bool by_lambda = config.flag("use_lu_lambdas");
    if (range == SigmaRange::karras) {
      sigmas_ = karras_sigmas(config, whole, steps);
    } else if (by_lambda) {
      sigmas_ =
          linear_range(std::log(whole.front()), std::log(whole.back()), steps);
      for (double& sigma : sigmas_) sigma = std::exp(sigma);
    } else {
      sigmas_ = exponential_sigmas(config, whole, steps);
    }
    const bool rounds = config.text("beta_schedule") != "squaredcos_cap_v2" &&
                        (range == SigmaRange::karras || by_lambda);
    timesteps_.clear();
    for (const double sigma : sigmas_) {
      const double t = timestep_of_sigma(sigma, train_sigmas);
      timesteps_.push_back(rounds ? std::nearbyint(t) : std::trunc(t));
    }
  }

  // What the change of the clean latents since the step before counts.
  double curvature(int64_t step) const {
    const double h = std::log(sigmas_[step] / sigmas_[step + 1]);
    const double before = std::log(sigmas_[step - 1] / sigmas_[step]);
    const double signal = share_of_sigma(sigmas_[step + 1]).signal;
    const double gained = std::expm1(-h);
    const double weight =
        is_heun_ ? signal * (gained / h + 1.0) : -0.5 * signal * gained;
    return weight * h / before;
  }

  Prediction prediction_;
  Bounds bounds_;
  bool is_second_order_ = true;
  bool is_heun_ = false;
  bool ends_in_first_order_ = true;
};

}  // namespace

// "lambda_min_clipped" is -infinity there: null here.
const char* defaults_dpmpp_2m() {
  return R"({
    "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02,
    "beta_schedule": "linear", "trained_betas": null, "solver_order": 2,
    "prediction_type": "epsilon", "thresholding": false,
    "dynamic_thresholding_ratio": 0.995, "sample_max_value": 1.0,
    "algorithm_type": "dpmsolver++", "solver_type": "midpoint",
    "lower_order_final": true, "euler_at_final": false,
    "use_karras_sigmas": false, "use_exponential_sigmas": false,
    "use_beta_sigmas": false, "use_lu_lambdas": false,
    "use_flow_sigmas": false, "flow_shift": 1.0, "final_sigmas_type": "zero",
    "lambda_min_clipped": null, "variance_type": null,
    "timestep_spacing": "linspace", "steps_offset": 0,
    "rescale_betas_zero_snr": false, "use_dynamic_shifting": false,
    "time_shift_type": "exponential"
  })";
}

std::unique_ptr<const Scheduler> make_dpmpp_2m(const SchedulerConfig& config,
                                               const SamplerOptions& options) {
  return std::make_unique<DpmPlusPlus>(config, options);
}

}  // namespace lineas
