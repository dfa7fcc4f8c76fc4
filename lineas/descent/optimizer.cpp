#include "lineas/descent/optimizer.h"

#include <cmath>
#include <numbers>

#include "lineas/base/error.h"

namespace lineas {
namespace {

constexpr double kBeta = 0.9;
constexpr double kFinalShare = 1e-3;  // of the rate, at the cosine's end

}  // namespace

OptimizerKind parse_optimizer(const std::string& name) {
  if (name == "sgd") return OptimizerKind::sgd;
  if (name == "adam") return OptimizerKind::adam;
  fail(ErrorKind::usage, "--optimizer {}: use gentle, auto, adam or sgd", name);
}

Schedule parse_schedule(const std::string& name) {
  if (name == "cosine") return Schedule::cosine;
  if (name == "constant") return Schedule::constant;
  fail(ErrorKind::usage, "--schedule {}: use cosine or constant", name);
}

double learning_rate(Schedule schedule, double rate, int64_t t, int64_t steps) {
  if (schedule == Schedule::constant) return rate;
  const double least = rate * kFinalShare;
  const double phase =
      std::numbers::pi * static_cast<double>(t) / static_cast<double>(steps);
  return least + (rate - least) * (1 + std::cos(phase)) / 2;
}

Optimizer::Optimizer(OptimizerKind kind,
                     int64_t parameters,
                     at::Device device,
                     double second_beta,
                     double epsilon)
    : kind_(kind), second_beta_(second_beta), epsilon_(epsilon) {
  if (kind == OptimizerKind::sgd) return;
  first_P_ = at::zeros({parameters}, at::device(device).dtype(at::kFloat));
  second_P_ = at::zeros_like(first_P_);
}

void Optimizer::step(Tensor& values_P, const Tensor& gradient_P, double rate) {
  ++steps_;
  if (kind_ == OptimizerKind::sgd) {
    values_P.sub_(gradient_P, rate);
    return;
  }
  first_P_.lerp_(gradient_P, 1 - kBeta);
  second_P_.mul_(second_beta_)
      .addcmul_(gradient_P, gradient_P, 1 - second_beta_);
  const auto steps = static_cast<double>(steps_);
  const double second_correction = 1 - std::pow(second_beta_, steps);
  const Tensor deviation_P =
      second_P_.sqrt().div_(std::sqrt(second_correction)).add_(epsilon_);
  values_P.addcdiv_(
      first_P_, deviation_P, -rate / (1 - std::pow(kBeta, steps)));
}

std::vector<std::pair<std::string, Tensor>> Optimizer::state() const {
  std::vector<std::pair<std::string, Tensor>> state = {
      {"optimizer.steps", at::tensor({steps_}, at::kLong)}};
  if (kind_ == OptimizerKind::adam) {
    state.emplace_back("optimizer.first", first_P_);
    state.emplace_back("optimizer.second", second_P_);
  }
  return state;
}

void Optimizer::restore(const std::map<std::string, Tensor>& state) {
  steps_ = state.at("optimizer.steps").item<int64_t>();
  if (kind_ == OptimizerKind::sgd) return;
  first_P_.copy_(state.at("optimizer.first"));
  second_P_.copy_(state.at("optimizer.second"));
}

}  // namespace lineas
