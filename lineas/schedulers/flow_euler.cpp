// Euler's method on flow-match models (FLUX): latents are (1 - sigma) * clean +
// sigma * noise, and the output is their slope in sigma.
// Source: diffusers scheduling_flow_match_euler_discrete.py.
#include <algorithm>
#include <cmath>

#include "lineas/schedulers/noise_schedule.h"
#include "lineas/schedulers/registry.h"
#include "lineas/schedulers/spacing.h"

namespace lineas {
namespace {

double shifted(double shift, double sigma) {
  return shift * sigma / (1 + (shift - 1) * sigma);
}

// How strongly schedules are bent towards noise.
double read_shift(const SchedulerConfig& config) {
  const double shift = config.number("shift");
  if (!(shift > 0))
    config.fail_field(
        ErrorKind::format, "shift", "is {}, it must be above 0", shift);
  return shift;
}

double mu_of(const SchedulerConfig& config, int64_t image_tokens) {
  const auto least = static_cast<double>(
      config.integer("base_image_seq_len", 0, 1'000'000'000));
  const auto most = static_cast<double>(
      config.integer("max_image_seq_len", 0, 1'000'000'000));
  if (least >= most)
    config.fail_field(ErrorKind::format,
                      "max_image_seq_len",
                      "is {}, it must be above \"base_image_seq_len\", {}",
                      most,
                      least);
  const double low = config.number("base_shift");
  const double slope = (config.number("max_shift") - low) / (most - least);
  return static_cast<double>(image_tokens) * slope + low - slope * least;
}

// By the size of the picture: mu or exp(mu) takes the place of the shift.
double dynamic_shift(const SchedulerConfig& config,
                     const SamplerOptions& options) {
  if (!options.image_tokens)
    fail(ErrorKind::usage,
         "image_tokens: \"use_dynamic_shifting\" needs their number");
  const double mu = mu_of(config, *options.image_tokens);
  const std::string kind = config.text("time_shift_type");
  const double shift = kind == "linear" ? mu : std::exp(mu);
  if (!(shift > 0))
    config.fail_field(ErrorKind::numeric,
                      "time_shift_type",
                      "linear shifts {} image tokens by {}, it must be above 0",
                      *options.image_tokens,
                      shift);
  return shift;
}

// The sigmas asked for, before any shift. By the number of steps alone they
// run between the ends of training, which have been shifted once already.
std::vector<double> base_sigmas(const SchedulerConfig& config,
                                const SamplerOptions& options) {
  std::vector<double> sigmas = options.sigmas;
  const auto train =
      static_cast<double>(config.integer("num_train_timesteps", 2, 1'000'000));
  if (sigmas.empty() && !options.timesteps.empty()) {
    for (const double t : options.timesteps)
      sigmas.push_back(in_float32(in_float32(t) / train));
  } else if (sigmas.empty()) {
    const bool is_dynamic = config.flag("use_dynamic_shifting");
    const double shift = is_dynamic ? 1 : read_shift(config);
    const double least = in_float32(shifted(shift, in_float32(1 / train)));
    const double most = in_float32(shifted(shift, 1));
    for (const double t :
         linear_range(most * train, least * train, *options.steps))
      sigmas.push_back(t / train);
    return sigmas;
  }
  for (double& sigma : sigmas) sigma = in_float32(sigma);
  return sigmas;
}

void stretch_to(double terminal,
                const SchedulerConfig& config,
                std::vector<double>& sigmas) {
  if (!(terminal > 0 && terminal < 1))
    config.fail_field(ErrorKind::format,
                      "shift_terminal",
                      "is {}, it must lie between 0 and 1",
                      terminal);
  const double scale = (1 - sigmas.back()) / (1 - terminal);
  if (scale == 0)
    fail(ErrorKind::usage,
         "steps: \"shift_terminal\" of the scheduler needs two at least");
  for (double& sigma : sigmas) sigma = 1 - (1 - sigma) / scale;
}

std::vector<double> shifted_sigmas(const SchedulerConfig& config,
                                   const SamplerOptions& options) {
  std::vector<double> sigmas = base_sigmas(config, options);
  const double shift = config.flag("use_dynamic_shifting")
                           ? dynamic_shift(config, options)
                           : read_shift(config);
  for (double& sigma : sigmas) sigma = shifted(shift, sigma);
  const double terminal = config.optional_number("shift_terminal").value_or(0);
  if (terminal != 0) stretch_to(terminal, config, sigmas);
  const auto steps = std::ssize(sigmas);
  switch (read_sigma_range(config)) {
    case SigmaRange::none:
      return sigmas;
    case SigmaRange::karras:
      return karras_sigmas(config, sigmas, steps);
    case SigmaRange::exponential:
      return exponential_sigmas(config, sigmas, steps);
  }
  return sigmas;
}

void check_lists(const SchedulerConfig& config, const SamplerOptions& options) {
  if (options.steps) check_step_count(*options.steps, config);
  if (!options.timesteps.empty() && !options.sigmas.empty() &&
      options.timesteps.size() != options.sigmas.size())
    fail(ErrorKind::usage,
         "timesteps: there are {}, and {} sigmas; give as many",
         options.timesteps.size(),
         options.sigmas.size());
  for (const auto* list : {&options.timesteps, &options.sigmas})
    if (!list->empty() && list->back() == 0)
      fail(ErrorKind::usage,
           "{}: the last is 0, which is appended anyway; leave it out",
           list == &options.sigmas ? "sigmas" : "timesteps");
  if (!options.sigmas.empty() && options.sigmas[0] > 1)
    fail(ErrorKind::usage,
         "sigmas: {} is above 1, which is all noise",
         options.sigmas[0]);
  const auto train =
      static_cast<double>(config.integer("num_train_timesteps", 2, 1'000'000));
  if (!options.timesteps.empty() && options.timesteps[0] > train)
    fail(ErrorKind::usage,
         "timesteps: {} is above {}",
         options.timesteps[0],
         train);
}

class FlowEuler : public Scheduler {
 public:
  FlowEuler(const SchedulerConfig& config, const SamplerOptions& options)
      : is_stochastic_(config.flag("stochastic_sampling")) {
    check_lists(config, options);
    config.choice("time_shift_type", {"exponential", "linear"});
    const bool inverts = config.flag("invert_sigmas");
    const auto train = static_cast<double>(
        config.integer("num_train_timesteps", 2, 1'000'000));
    for (const double sigma : shifted_sigmas(config, options))
      sigmas_.push_back(in_float32(inverts ? 1 - in_float32(sigma) : sigma));
    timesteps_ = options.timesteps;
    if (timesteps_.empty() || inverts) {
      timesteps_.clear();
      for (const double sigma : sigmas_)
        timesteps_.push_back(in_float32(sigma * train));
    }
    sigmas_.push_back(inverts ? 1 : 0);
  }

  bool needs_noise(int64_t step) const override { return is_stochastic_; }

 protected:
  Carried advance(const Tensor& output,
                  int64_t step,
                  const Carried& carried,
                  const Tensor& noise) const override {
    const double from = sigmas_[step];
    const double to = sigmas_[step + 1];
    const Tensor& x = carried[0];
    if (!is_stochastic_) return {x + (to - from) * output};
    return {(1 - to) * (x - from * output) + to * noise};
  }

 private:
  bool is_stochastic_;
};

}  // namespace

std::vector<double> flow_pipeline_sigmas(int64_t steps) {
  if (steps < 1) fail(ErrorKind::usage, "steps: {} must be at least 1", steps);
  return linear_range(1.0, 1.0 / static_cast<double>(steps), steps);
}

double flow_shift_mu(const Json& config,
                     int64_t image_tokens,
                     const std::string& where) {
  return mu_of(
      SchedulerConfig(config, Json::parse(defaults_flow_euler()), where),
      image_tokens);
}

const char* defaults_flow_euler() {
  return R"({
    "num_train_timesteps": 1000, "shift": 1.0, "use_dynamic_shifting": false,
    "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256,
    "max_image_seq_len": 4096, "invert_sigmas": false, "shift_terminal": null,
    "use_karras_sigmas": false, "use_exponential_sigmas": false,
    "use_beta_sigmas": false, "time_shift_type": "exponential",
    "stochastic_sampling": false
  })";
}

std::unique_ptr<const Scheduler> make_flow_euler(
    const SchedulerConfig& config, const SamplerOptions& options) {
  return std::make_unique<FlowEuler>(config, options);
}

}  // namespace lineas
