#include "lineas/schedulers/spacing.h"

#include <algorithm>
#include <cmath>

namespace lineas {

std::vector<double> linear_range(double first, double last, int64_t count) {
  std::vector<double> numbers;
  const double step =
      count > 1 ? (last - first) / static_cast<double>(count - 1) : 0;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(static_cast<double>(i) * step + first);
  if (count > 1) numbers.back() = last;
  return numbers;
}

std::vector<double> linspace_timesteps(int64_t train, int64_t steps) {
  std::vector<double> timesteps =
      linear_range(0, static_cast<double>(train - 1), steps);
  std::reverse(timesteps.begin(), timesteps.end());
  return timesteps;
}

std::vector<double> leading_timesteps(int64_t ratio,
                                      int64_t steps,
                                      int64_t offset) {
  std::vector<double> timesteps;
  for (int64_t i = steps; i-- > 0;)
    timesteps.push_back(static_cast<double>(i * ratio + offset));
  return timesteps;
}

std::vector<double> trailing_timesteps(int64_t top,
                                       int64_t train,
                                       int64_t steps) {
  const double ratio = static_cast<double>(train) / static_cast<double>(steps);
  const auto start = static_cast<double>(top);
  const double delta = (start - ratio) - start;
  const int64_t count =
      std::min(steps, static_cast<int64_t>(std::ceil(start / ratio)));
  std::vector<double> timesteps;
  for (int64_t i = 0; i < count; ++i)
    timesteps.push_back(std::nearbyint(start + static_cast<double>(i) * delta) -
                        1);
  return timesteps;
}

std::vector<double> read_spacing(const SchedulerConfig& config, int64_t steps) {
  const int64_t train = config.integer("num_train_timesteps", 2, 1'000'000);
  const std::string spacing =
      config.choice("timestep_spacing", {"leading", "trailing", "linspace"});
  if (spacing == "linspace") return linspace_timesteps(train, steps);
  if (spacing == "trailing") return trailing_timesteps(train, train, steps);
  return leading_timesteps(
      train / steps, steps, config.integer("steps_offset", 0, train - 1));
}

std::vector<double> rounded(std::vector<double> numbers) {
  for (double& number : numbers) number = std::nearbyint(number);
  return numbers;
}

void check_step_count(int64_t steps, const SchedulerConfig& config) {
  const int64_t train = config.integer("num_train_timesteps", 2, 1'000'000);
  if (steps > train)
    fail(ErrorKind::usage,
         "steps: {} are more than the {} that the model was trained with",
         steps,
         train);
}

int64_t require_steps(const SamplerOptions& options,
                      const SchedulerConfig& config,
                      const char* class_name) {
  if (!options.timesteps.empty())
    fail(ErrorKind::usage,
         "timesteps: {} takes none; give the number of steps, or choose euler, "
         "lcm or dpm++2m",
         class_name);
  refuse_sigmas(options, class_name);
  check_step_count(*options.steps, config);
  return *options.steps;
}

void refuse_sigmas(const SamplerOptions& options, const char* class_name) {
  if (!options.sigmas.empty())
    fail(ErrorKind::usage,
         "sigmas: {} takes none; give the number of steps, or choose euler",
         class_name);
}

void check_timesteps(const std::vector<double>& timesteps,
                     const SchedulerConfig& config,
                     bool must_be_whole) {
  const int64_t train = config.integer("num_train_timesteps", 2, 1'000'000);
  for (const double t : timesteps) {
    if (!(t >= 0 && t < static_cast<double>(train)))
      fail(
          ErrorKind::usage, "timesteps: {} is not among 0 to {}", t, train - 1);
    if (must_be_whole && t != std::floor(t))
      fail(ErrorKind::usage, "timesteps: {} is no whole number", t);
  }
}

std::vector<double> interpolate(const std::vector<double>& places,
                                const std::vector<double>& values) {
  std::vector<double> found;
  const auto last = static_cast<double>(values.size() - 1);
  for (const double place : places) {
    const double at = std::clamp(place, 0.0, last);
    const auto low = static_cast<size_t>(at);
    const size_t high = std::min(low + 1, values.size() - 1);
    const double slope = values[high] - values[low];
    found.push_back(slope * (at - static_cast<double>(low)) + values[low]);
  }
  return found;
}

double timestep_of_sigma(double sigma,
                         const std::vector<double>& train_sigmas) {
  const auto log_at = [&](size_t i) {
    return static_cast<double>(std::log(static_cast<float>(train_sigmas[i])));
  };
  const double level = std::log(std::max(sigma, 1e-10));
  size_t low = 0;
  for (size_t i = 0; i < train_sigmas.size(); ++i)
    if (level >= log_at(i)) low = i;
  low = std::min(low, train_sigmas.size() - 2);
  const double share = (log_at(low) - level) / (log_at(low) - log_at(low + 1));
  const double w = std::clamp(share, 0.0, 1.0);
  return (1 - w) * static_cast<double>(low) + w * static_cast<double>(low + 1);
}

namespace {

struct Ends {
  double most, least;
};

Ends ends_of(const SchedulerConfig& config, const std::vector<double>& range) {
  const Ends ends{config.of_any_class("sigma_max").value_or(range.front()),
                  config.of_any_class("sigma_min").value_or(range.back())};
  if (!(ends.least > 0 && ends.most >= ends.least))
    config.fail_field(ErrorKind::format,
                      "sigma_min",
                      "to \"sigma_max\" is {} to {}, it must ascend from above "
                      "0",
                      ends.least,
                      ends.most);
  return ends;
}

}  // namespace

std::vector<double> karras_sigmas(const SchedulerConfig& config,
                                  const std::vector<double>& range,
                                  int64_t steps) {
  constexpr double kRho = 7;
  const Ends ends = ends_of(config, range);
  const double first = std::pow(ends.most, 1 / kRho);
  const double last = std::pow(ends.least, 1 / kRho);
  std::vector<double> sigmas;
  for (const double ramp : linear_range(0, 1, steps))
    sigmas.push_back(std::pow(first + ramp * (last - first), kRho));
  return sigmas;
}

std::vector<double> exponential_sigmas(const SchedulerConfig& config,
                                       const std::vector<double>& range,
                                       int64_t steps) {
  const Ends ends = ends_of(config, range);
  std::vector<double> sigmas =
      linear_range(std::log(ends.most), std::log(ends.least), steps);
  for (double& sigma : sigmas) sigma = std::exp(sigma);
  return sigmas;
}

SigmaRange read_sigma_range(const SchedulerConfig& config) {
  config.refuse_flag("use_beta_sigmas");
  const bool karras = config.flag("use_karras_sigmas");
  const bool exponential = config.flag("use_exponential_sigmas");
  if (karras && exponential)
    config.fail_field(ErrorKind::format,
                      "use_exponential_sigmas",
                      "is true and \"use_karras_sigmas\" too; one of them at "
                      "most can be");
  if (karras) return SigmaRange::karras;
  return exponential ? SigmaRange::exponential : SigmaRange::none;
}

double read_final_sigma(const SchedulerConfig& config,
                        const std::vector<double>& train_sigmas) {
  const std::string kind =
      config.choice("final_sigmas_type", {"zero", "sigma_min"});
  return kind == "zero" ? 0 : train_sigmas[0];
}

}  // namespace lineas
