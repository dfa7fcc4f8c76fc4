#include "lineas/schedulers/noise_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lineas/tensor/tensor.h"

namespace lineas {
namespace {

std::vector<double> numbers_of(const Tensor& x) {
  const Tensor wide = x.to(at::kDouble).contiguous();
  const double* begin = wide.data_ptr<double>();
  return {begin, begin + wide.numel()};
}

// Nichol and Dhariwal, arXiv 2102.09672, equation 17.
Tensor cosine_betas(int64_t count) {
  const auto bar = [&](double i) {
    const double angle = (i / static_cast<double>(count) + 0.008) / 1.008;
    return std::pow(std::cos(angle * std::numbers::pi / 2), 2);
  };
  std::vector<double> betas;
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<double>(i);
    betas.push_back(std::min(1 - bar(at + 1) / bar(at), 0.999));
  }
  return at::tensor(betas, at::kDouble).to(at::kFloat);
}

double read_beta(const SchedulerConfig& config, const char* key) {
  const double beta = config.number(key);
  if (!(beta > 0 && beta < 1))
    config.fail_field(
        ErrorKind::format, key, "is {}, it must lie between 0 and 1", beta);
  return beta;
}

Tensor listed_betas(const SchedulerConfig& config,
                    const std::vector<double>& betas,
                    int64_t count) {
  if (std::ssize(betas) != count)
    config.fail_field(ErrorKind::format,
                      "trained_betas",
                      "has {} numbers, \"num_train_timesteps\" is {}",
                      betas.size(),
                      count);
  for (const double beta : betas)
    if (!(beta > 0 && beta < 1))
      config.fail_field(ErrorKind::format,
                        "trained_betas",
                        "has {}, all must lie between 0 and 1",
                        beta);
  return at::tensor(betas, at::kDouble).to(at::kFloat);
}

Tensor read_betas(const SchedulerConfig& config, int64_t count) {
  if (const auto betas = config.list("trained_betas"))
    return listed_betas(config, *betas, count);
  const std::string schedule = config.choice(
      "beta_schedule", {"linear", "scaled_linear", "squaredcos_cap_v2"});
  if (schedule == "squaredcos_cap_v2") return cosine_betas(count);
  const double start = read_beta(config, "beta_start");
  const double end = read_beta(config, "beta_end");
  if (schedule == "linear") return at::linspace(start, end, count, at::kFloat);
  return at::linspace(std::sqrt(start), std::sqrt(end), count, at::kFloat)
      .square();
}

// Lin and others, arXiv 2305.08891, algorithm 1.
Tensor with_zero_snr(const Tensor& betas) {
  Tensor roots = (1 - betas).cumprod(0).sqrt();
  const Tensor first = roots[0].clone();
  const Tensor last = roots[-1].clone();
  roots = (roots - last) * (first / (first - last));
  const Tensor bar = roots.square();
  const Tensor alphas = bar.slice(0, 1) / bar.slice(0, 0, -1);
  return 1 - at::cat({bar.slice(0, 0, 1), alphas});
}

}  // namespace

std::vector<double> read_alphas_cumprod(const SchedulerConfig& config,
                                        ZeroSnr zero_snr) {
  const int64_t count = config.integer("num_train_timesteps", 2, 1'000'000);
  Tensor betas = read_betas(config, count);
  const bool rescales = config.has("rescale_betas_zero_snr") &&
                        config.flag("rescale_betas_zero_snr");
  if (rescales) betas = with_zero_snr(betas);
  Tensor bar = (1 - betas).cumprod(0);
  // The smallest float16, so that the first sigma is finite.
  if (rescales && zero_snr == ZeroSnr::becomes_tiny)
    bar[-1].fill_(std::exp2(-24));
  std::vector<double> alphas = numbers_of(bar);
  for (const double a : alphas)
    if (!(a >= 0 && a <= 1) || (a == 0 && !rescales))
      config.fail_field(ErrorKind::numeric,
                        "num_train_timesteps",
                        "and the betas leave nothing of the picture (a product "
                        "of {}); check them",
                        a);
  return alphas;
}

// Through torch's power, whose last bit is seen at a sigma of 4096.
std::vector<double> sigmas_of(const std::vector<double>& alphas_cumprod) {
  const Tensor alphas = at::tensor(alphas_cumprod, at::kDouble).to(at::kFloat);
  return numbers_of(((1 - alphas) / alphas).pow(0.5));
}

double alpha_at(const std::vector<double>& alphas_cumprod,
                int64_t timestep,
                double final_alpha) {
  return timestep < 0 ? final_alpha : alphas_cumprod.at(timestep);
}

double read_final_alpha(const SchedulerConfig& config,
                        const std::vector<double>& alphas_cumprod) {
  return config.flag("set_alpha_to_one") ? 1.0 : alphas_cumprod[0];
}

}  // namespace lineas
