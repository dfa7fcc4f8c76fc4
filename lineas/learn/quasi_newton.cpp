#include "lineas/learn/quasi_newton.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lineas {
namespace {

constexpr double kSufficient = 1e-4;  // of the decrease that the slope promises
// A rise of this share is taken for rounding: in bfloat16 the loss of two close
// points differs by about so much whatever the slope says.
constexpr double kRounding = 1e-4;
constexpr int kMostTrials = 6;
// Polishing: weight of a new gradient in the averages, first move of a
// parameter in white coordinates, and what keeps a quotient finite.
constexpr double kAveraging = 0.1;
constexpr double kFirstPolish = 3e-4;
constexpr double kEpsilon = 1e-12;
constexpr double kLeastCurvature = 1e-10;
// The first step, before any curvature is known, moves at most this far (root
// of the sum of squares) in white coordinates.
constexpr double kFirstMove = 0.1;

double product_of(const Tensor& a, const Tensor& b) {
  return a.dot(b).item<double>();
}

}  // namespace

QuasiNewton::QuasiNewton(AffineParameters& parameters,
                         Whitening whitening,
                         const QuasiNewtonOptions& options)
    : parameters_(parameters),
      whitening_(std::move(whitening)),
      options_(options),
      settling_(options.patience, options.tolerance),
      moves_KP_(at::zeros({options.memory, parameters.size()},
                          parameters.values().options())),
      changes_KP_(at::zeros_like(moves_KP_)),
      average_P_(at::zeros_like(parameters.values())),
      square_P_(at::zeros_like(average_P_)),
      best_P_(parameters.values().clone()) {}

QuasiNewton::Point QuasiNewton::look(const Evaluate& evaluate) {
  ObjectiveValue value = evaluate();
  if (value.loss < best_loss_) {
    best_loss_ = value.loss;
    best_P_.copy_(parameters_.values());
  }
  return {std::move(value), whitening_.gradient_P(parameters_.gradient())};
}

// Two loops over the remembered pairs, newest first and back again.
Tensor QuasiNewton::direction_P(const Tensor& gradient_P) const {
  const int64_t count = std::min(pairs_, options_.memory);
  Tensor q_P = gradient_P.neg();
  if (count == 0)
    return q_P * (kFirstMove / std::max(1e-30, q_P.norm().item<double>()));
  const auto row = [&](int64_t back) {
    return (pairs_ - 1 - back) % options_.memory;
  };
  std::vector<double> alpha(count), curvature(count);
  for (int64_t i = 0; i < count; ++i) {
    const Tensor s_P = moves_KP_[row(i)], y_P = changes_KP_[row(i)];
    curvature[i] = product_of(s_P, y_P);
    alpha[i] = product_of(s_P, q_P) / curvature[i];
    q_P.sub_(y_P, alpha[i]);
  }
  const Tensor newest_P = changes_KP_[row(0)];
  q_P.mul_(curvature[0] / product_of(newest_P, newest_P));
  for (int64_t i = count; i-- > 0;) {
    const double beta = product_of(changes_KP_[row(i)], q_P) / curvature[i];
    q_P.add_(moves_KP_[row(i)], alpha[i] - beta);
  }
  return q_P;
}

// Leaves the maps at the point it answers, or where they were if no factor
// lowers the loss.
std::optional<QuasiNewton::Point> QuasiNewton::search(
    const Point& from, const Tensor& direction_P, const Evaluate& evaluate) {
  const double slope = product_of(from.gradient_P, direction_P);
  const Tensor start_P = parameters_.values().clone();
  const Tensor move_P = whitening_.move_P(direction_P);
  factor_ = 1;
  for (int trial = 0; slope < 0 && trial < kMostTrials; ++trial) {
    parameters_.values().copy_(start_P).add_(move_P, factor_);
    Point there = look(evaluate);
    const double loss = there.value.loss;
    if (loss <=
        from.value.loss * (1 + kRounding) + kSufficient * factor_ * slope)
      return there;
    // The least point of the parabola through both losses and the slope.
    const double bend = loss - from.value.loss - factor_ * slope;
    const double least = -slope * factor_ / (2 * bend);
    factor_ *= std::isfinite(loss) ? std::clamp(least, 0.1, 0.5) : 0.1;
  }
  parameters_.values().copy_(start_P);
  return std::nullopt;
}

void QuasiNewton::remember(const Tensor& move_P, const Tensor& change_P) {
  const double curvature = product_of(move_P, change_P);
  if (curvature <= kLeastCurvature * product_of(change_P, change_P)) return;
  moves_KP_[pairs_ % options_.memory].copy_(move_P);
  changes_KP_[pairs_ % options_.memory].copy_(change_P);
  ++pairs_;
}

// Follows averaged gradients with shrinking moves, as Adam does: what rounding
// adds to a single gradient averages out.
ObjectiveValue QuasiNewton::polish(const Evaluate& evaluate) {
  const Point from = look(evaluate);
  const double weight = polished_ == 0 ? 1 : kAveraging;
  average_P_.lerp_(from.gradient_P, weight);
  square_P_.lerp_(from.gradient_P.square(), weight);
  const double phase = std::numbers::pi * static_cast<double>(polished_) /
                       static_cast<double>(options_.polish);
  factor_ = kFirstPolish * (1 + std::cos(phase)) / 2;
  const Tensor move_P = average_P_ / (square_P_.sqrt() + kEpsilon);
  parameters_.values().sub_(whitening_.move_P(move_P), factor_);
  if (++polished_ >= options_.polish) finish();
  return from.value;
}

void QuasiNewton::finish() {
  finished_ = true;
  parameters_.values().copy_(best_P_);
}

// One L-BFGS step; false where no move along the direction lowers the loss.
bool QuasiNewton::advance(const Evaluate& evaluate) {
  const Point from = *here_;
  const Tensor towards_P = direction_P(from.gradient_P);
  here_ = search(from, towards_P, evaluate);
  if (!here_) {
    here_ = from;
    return false;
  }
  if (here_->value.loss >= from.value.loss) is_rough_ = true;
  remember(towards_P * factor_, here_->gradient_P - from.gradient_P);
  return true;
}

ObjectiveValue QuasiNewton::step(int64_t, const Evaluate& evaluate) {
  const c10::NoGradGuard no_gradients;
  if (polished_ >= 0) return polish(evaluate);
  if (!here_) here_ = look(evaluate);
  const ObjectiveValue value = here_->value;
  bool is_over = settling_.note(value.loss);
  if (!is_over && !advance(evaluate)) {
    is_rough_ = true;
    is_over = pairs_ == 0;
    pairs_ = 0;  // the memory misleads: go on without it
  }
  if (is_over && is_rough_ && options_.polish > 0)
    polished_ = 0;
  else if (is_over)
    finish();
  return value;
}

std::vector<std::pair<std::string, Tensor>> QuasiNewton::state() const {
  return {{"quasi_newton.moves", moves_KP_},
          {"quasi_newton.changes", changes_KP_},
          {"quasi_newton.average", average_P_},
          {"quasi_newton.square", square_P_},
          {"quasi_newton.best", best_P_},
          {"quasi_newton.best_loss", at::tensor({best_loss_}, at::kDouble)},
          {"quasi_newton.counts",
           at::tensor({pairs_, polished_, int64_t{is_rough_}}, at::kLong)},
          {"quasi_newton.losses", settling_.state()}};
}

void QuasiNewton::restore(const std::map<std::string, Tensor>& state) {
  moves_KP_.copy_(state.at("quasi_newton.moves"));
  changes_KP_.copy_(state.at("quasi_newton.changes"));
  average_P_.copy_(state.at("quasi_newton.average"));
  square_P_.copy_(state.at("quasi_newton.square"));
  best_P_.copy_(state.at("quasi_newton.best"));
  best_loss_ = state.at("quasi_newton.best_loss").item<double>();
  const Tensor counts = state.at("quasi_newton.counts");
  pairs_ = counts[0].item<int64_t>();
  polished_ = counts[1].item<int64_t>();
  is_rough_ = counts[2].item<int64_t>() != 0;
  settling_.restore(state.at("quasi_newton.losses"));
}

}  // namespace lineas
