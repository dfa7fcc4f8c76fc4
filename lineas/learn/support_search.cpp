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

SupportSearch::SupportSearch(int64_t budget, double factor)
    : budget_(budget), factor_(factor) {}

void SupportSearch::note(int64_t support, double loss, const Tensor& values_P) {
  trials_.push_back({factor_, support, loss});
  if (support <= budget_ && support > best_support_) {
    best_P_ = values_P.clone();
    best_factor_ = factor_;
    best_loss_ = loss;
    best_support_ = support;
  }
  if (support > budget_ ? factor_ > start_factor_ : start_factor_ == 0) {
    start_P_ = values_P.clone();
    if (support > budget_) start_factor_ = factor_;
  }
  if (support > budget_ && factor_ > weak_.factor) weak_ = trials_.back();
  if (support <= budget_ && factor_ < strong_.factor) strong_ = trials_.back();
  const double weak = weak_.factor, strong = strong_.factor;
  const double stride = std::pow(kStride, static_cast<double>(trials_.size()));
  factor_ = weak == 0            ? strong / stride
            : std::isinf(strong) ? weak * stride
                                 : std::sqrt(weak * strong);
  finished_ = succeeded() || static_cast<int>(trials_.size()) >= kMostTrials ||
              is_bracket_narrow();
}

bool SupportSearch::is_bracket_narrow() const {
  return weak_.factor > 0 && strong_.factor < weak_.factor * kNarrowest;
}

std::optional<SupportJump> SupportSearch::jump() const {
  if (succeeded() || !is_bracket_narrow()) return std::nullopt;
  return SupportJump{weak_.support, strong_.support};
}

bool SupportSearch::is_enough(int64_t support) const {
  return support <= budget_ &&
         static_cast<double>(support) >= kEnough * static_cast<double>(budget_);
}

double SupportSearch::found_factor() const {
  return best_P_.defined() || trials_.empty() ? best_factor_
                                              : trials_.back().factor;
}

Json SupportSearch::path() const {
  Json path = Json::array();
  for (const Trial& trial : trials_)
    path.push_back({trial.factor, trial.support, trial.loss});
  return path;
}

std::vector<std::pair<std::string, Tensor>> SupportSearch::state(
    const Tensor& like_P) const {
  // A factor of 0 is no trial.
  Tensor trials = at::zeros({kMostTrials, 3}, at::kDouble);
  for (size_t i = 0; i < trials_.size(); ++i) {
    trials[i][0] = trials_[i].factor;
    trials[i][1] = static_cast<double>(trials_[i].support);
    trials[i][2] = trials_[i].loss;
  }
  return {{"search.trials", trials},
          {"search.start", start_P_.defined() ? start_P_ : like_P},
          {"search.best", best_P_.defined() ? best_P_ : like_P}};
}

bool SupportSearch::restore(const std::map<std::string, Tensor>& state) {
  const Tensor trials = state.at("search.trials");
  *this = SupportSearch(budget_, factor_);
  for (int64_t i = 0; i < trials.size(0); ++i) {
    const double factor = trials[i][0].item<double>();
    if (factor == 0) break;
    const double support = trials[i][1].item<double>();
    if (!(factor > 0) || !(support >= 0 && support < kMostNeurons))
      return false;
    factor_ = factor;
    note(static_cast<int64_t>(support),
         trials[i][2].item<double>(),
         at::empty({0}));
  }
  if (start_P_.defined()) start_P_ = state.at("search.start");
  if (best_P_.defined()) best_P_ = state.at("search.best");
  return true;
}

}  // namespace lineas
