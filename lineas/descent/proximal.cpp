#include "lineas/descent/proximal.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lineas {
namespace {

constexpr double kSufficient = 0.01;
constexpr size_t kWindow = 5;  // values that a step may rise up to
constexpr int kMostTrials = 20;
constexpr double kFirstMove = 0.1;
constexpr double kLongest = 1e8;
// What rounding may add to a loss: in bfloat16 the loss of two close
// points differs by about this share of it.
constexpr double kRounding = 1e-4;

double group_norm(const Tensor& values_D) {
  return values_D.norm().item<double>() *
         std::sqrt(static_cast<double>(values_D.numel()));
}

bool is_finite(const Tensor& values) {
  return values.isfinite().all().item<bool>();
}

}  // namespace

ProximalGradient::ProximalGradient(AffineParameters& parameters,
                                   std::vector<double> scale_sizes,
                                   const ProximalOptions& options,
                                   Tensor free_P)
    : parameters_(parameters),
      options_(options),
      settling_(options.patience, options.tolerance),
      free_P_(std::move(free_P)),
      scale_sizes_(std::move(scale_sizes)),
      curvature_P_(at::ones_like(parameters.values())),
      best_P_(parameters.values().clone()),
      best_total_(std::numeric_limits<double>::max()) {
  int64_t begin = 0;
  for (size_t place = 0; place < scale_sizes_.size(); ++place) {
    const int64_t width = parameters.scale_D(place).size(0);
    scale_sizes_[place] = std::max(scale_sizes_[place], 1e-12);
    curvature_P_.narrow(0, begin, width).fill_(scale_sizes_[place]);
    begin += 2 * width;
  }
}

double ProximalGradient::penalty_here() const {
  const Penalty& penalty = options_.penalty;
  double sum = 0;
  for (size_t place = 0; place < parameters_.places().size(); ++place) {
    const Tensor excess_D = parameters_.scale_D(place).detach() - 1;
    const Tensor shift_D = parameters_.shift_D(place).detach();
    sum += penalty.l1_scale * excess_D.abs().sum().item<double>() +
           penalty.l1_shift * shift_D.abs().sum().item<double>() +
           penalty.group_scale * group_norm(excess_D) +
           penalty.group_shift * group_norm(shift_D);
  }
  return sum;
}

ProximalGradient::Point ProximalGradient::look(const Evaluate& evaluate) const {
  ObjectiveValue value = evaluate();
  const double total = value.loss + penalty_here();
  return {std::move(value), parameters_.gradient().clone(), total};
}

// The maps have come to this point.
void ProximalGradient::arrive(Point point) {
  if (point.total < best_total_) {
    best_P_.copy_(parameters_.values());
    best_total_ = point.total;
    best_loss_ = point.value.loss;
  }
  here_ = std::move(point);
}

// Squared length of a move where every entry has the same curvature.
double ProximalGradient::norm2(const Tensor& move_P) const {
  return (curvature_P_ * move_P.square()).sum().item<double>();
}

void ProximalGradient::move_from(const Tensor& start_P,
                                 const Tensor& gradient_P) {
  Tensor& values_P = parameters_.values();
  values_P.copy_(start_P).addcdiv_(gradient_P, curvature_P_, -length_);
  for (size_t place = 0; place < scale_sizes_.size(); ++place) {
    const Tensor scale_D = parameters_.scale_D(place).detach();
    const Tensor shift_D = parameters_.shift_D(place).detach();
    apply_prox(
        scale_D,
        shift_D,
        {.l1_scale = options_.penalty.l1_scale / scale_sizes_[place],
         .l1_shift = options_.penalty.l1_shift,
         .group_scale = options_.penalty.group_scale / scale_sizes_[place],
         .group_shift = options_.penalty.group_shift},
        length_);
  }
  if (free_P_.defined()) values_P.copy_(at::where(free_P_, values_P, start_P));
}

// Halves the step until loss plus penalty falls below the highest of the last
// values; false where it never does.
bool ProximalGradient::search(const Point& from, const Evaluate& evaluate) {
  const Tensor start_P = parameters_.values().clone();
  const std::vector<double>& totals = settling_.values();
  const size_t seen = std::min(totals.size(), kWindow);
  const double highest = *std::max_element(
      totals.end() - static_cast<std::ptrdiff_t>(seen), totals.end());
  for (int trial = 0; trial < kMostTrials; ++trial, length_ /= 2) {
    move_from(start_P, from.gradient_P);
    const Tensor move_P = parameters_.values() - start_P;
    const double size = norm2(move_P);
    if (size == 0) break;
    Point there = look(evaluate);
    const double bound =
        highest * (1 + kRounding) - kSufficient / (2 * length_) * size;
    if (!(there.total <= bound) || !is_finite(there.gradient_P)) continue;
    const double bend =
        move_P.dot(there.gradient_P - from.gradient_P).item<double>();
    length_ = bend > 0 ? std::min(size / bend, kLongest) : length_ * 2;
    arrive(std::move(there));
    return true;
  }
  parameters_.values().copy_(start_P);
  return false;
}

ObjectiveValue ProximalGradient::step(int64_t, const Evaluate& evaluate) {
  const c10::NoGradGuard no_gradients;
  const Tensor start_P = parameters_.values().clone();
  const Settling settling = settling_;
  const double length = length_;
  try {
    return advance(evaluate);
  } catch (...) {
    parameters_.values().copy_(start_P);
    settling_ = settling;
    length_ = length;
    throw;
  }
}

ObjectiveValue ProximalGradient::advance(const Evaluate& evaluate) {
  if (!here_) arrive(look(evaluate));
  const Point from = *here_;
  if (length_ == 0)
    length_ = kFirstMove /
              std::max(1e-30, std::sqrt(norm2(from.gradient_P / curvature_P_)));
  if (!std::isfinite(from.total) || !is_finite(from.gradient_P)) {
    // Shows in the loss, or else in the maps of the sites that are to blame.
    move_from(parameters_.values().clone(), from.gradient_P);
    finished_ = true;
  } else {
    finished_ = settling_.note(from.total) || !search(from, evaluate);
  }
  return from.value;
}

std::optional<double> ProximalGradient::finish() {
  if (best_total_ == std::numeric_limits<double>::max()) return std::nullopt;
  parameters_.values().copy_(best_P_);
  return best_loss_;
}

std::vector<std::pair<std::string, Tensor>> ProximalGradient::state() const {
  return {
      {"proximal.length", at::tensor({length_}, at::kDouble)},
      {"proximal.totals", settling_.state()},
      {"proximal.best", best_P_},
      {"proximal.least", at::tensor({best_total_, best_loss_}, at::kDouble)}};
}

void ProximalGradient::restore(const std::map<std::string, Tensor>& state) {
  length_ = state.at("proximal.length").item<double>();
  settling_.restore(state.at("proximal.totals"));
  best_P_.copy_(state.at("proximal.best"));
  best_total_ = state.at("proximal.least")[0].item<double>();
  best_loss_ = state.at("proximal.least")[1].item<double>();
}

}  // namespace lineas
