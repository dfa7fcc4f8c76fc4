#include "lineas/learn/support_search.h"

#include <algorithm>
#include <cmath>

namespace lineas {
namespace {

constexpr double kStride = 3;  // of the first trials, to the power of their
                               // number: until there is a bracket
constexpr double kMostNeurons = 1e15;  // whole numbers of a double
constexpr double kNarrowest = 1.02;  // a bracket too narrow to be worth a trial

}  // namespace

SupportSearch::SupportSearch(int64_t budget, double strength)
    : budget_(budget), strength_(strength) {}

void SupportSearch::note(int64_t support, double loss, const Tensor& values_P) {
  trials_.push_back({strength_, support, loss});
  if (support <= budget_ && support > best_support_) {
    best_P_ = values_P.clone();
    best_strength_ = strength_;
    best_loss_ = loss;
    best_support_ = support;
  }
  if (support > budget_ ? strength_ > start_strength_ : start_strength_ == 0) {
    start_P_ = values_P.clone();
    if (support > budget_) start_strength_ = strength_;
  }
  double weak = 0, strong = INFINITY;  // too much support, and little enough
  for (const Trial& trial : trials_)
    if (trial.support > budget_)
      weak = std::max(weak, trial.strength);
    else
      strong = std::min(strong, trial.strength);
  const double stride = std::pow(kStride, static_cast<double>(trials_.size()));
  strength_ = weak == 0            ? strong / stride
              : std::isinf(strong) ? weak * stride
                                   : std::sqrt(weak * strong);
  finished_ = succeeded() || static_cast<int>(trials_.size()) >= kMostTrials ||
              (weak > 0 && strong < weak * kNarrowest);
}

bool SupportSearch::succeeded() const {
  return static_cast<double>(best_support_) >=
         kEnough * static_cast<double>(budget_);
}

double SupportSearch::found_strength() const {
  return best_P_.defined() || trials_.empty() ? best_strength_
                                              : trials_.back().strength;
}

Json SupportSearch::path() const {
  Json path = Json::array();
  for (const Trial& trial : trials_)
    path.push_back({trial.strength, trial.support, trial.loss});
  return path;
}

std::vector<std::pair<std::string, Tensor>> SupportSearch::state(
    const Tensor& like_P) const {
  Tensor trials = at::full({kMostTrials, 3}, NAN, at::kDouble);
  for (size_t i = 0; i < trials_.size(); ++i) {
    trials[i][0] = trials_[i].strength;
    trials[i][1] = static_cast<double>(trials_[i].support);
    trials[i][2] = trials_[i].loss;
  }
  return {{"search.trials", trials},
          {"search.start", start_P_.defined() ? start_P_ : like_P},
          {"search.best", best_P_.defined() ? best_P_ : like_P}};
}

bool SupportSearch::restore(const std::map<std::string, Tensor>& state) {
  const Tensor trials = state.at("search.trials");
  *this = SupportSearch(budget_, strength_);
  for (int64_t i = 0; i < trials.size(0); ++i) {
    const double strength = trials[i][0].item<double>();
    if (!std::isfinite(strength)) break;
    const double support = trials[i][1].item<double>();
    if (!(strength > 0) || !(support >= 0 && support < kMostNeurons))
      return false;
    strength_ = strength;
    note(static_cast<int64_t>(support),
         trials[i][2].item<double>(),
         at::empty({0}));
  }
  if (start_P_.defined()) start_P_ = state.at("search.start");
  if (best_P_.defined()) best_P_ = state.at("search.best");
  return true;
}

}  // namespace lineas
