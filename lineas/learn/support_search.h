// The search for the penalty that leaves a given share of the neurons moved: a
// path of warm-started trials, first by factors until the support asked for
// lies between two penalties, then by halves. Knows no model: is told each
// trial's maps, support and loss.
//
// Suffixes: P parameters.
#pragma once

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lineas/base/json.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

/// The supports that two penalties leave which are too near each other for a
/// trial between them: above the budget, and within it.
struct SupportJump {
  int64_t above, within;
};

class SupportSearch {
 public:
  /// At most `budget` neurons are to move; a support of at least `kEnough` of
  /// it ends the search. `factor` is the first penalty's.
  SupportSearch(int64_t budget, double factor);

  static constexpr double kEnough = 0.8;
  static constexpr int kMostTrials = 12;

  /// What a trial with the present factor came to; moves the factor on.
  void note(int64_t support, double loss, const Tensor& values_P);
  bool finished() const { return finished_; }
  int64_t budget() const { return budget_; }
  /// Trials noted so far.
  size_t trials() const { return trials_.size(); }
  double factor() const { return factor_; }

  /// Where the next trial starts: the sparsest maps that moved too many neurons
  /// (entries at rest are slow to leave it), else the last trial's.
  const Tensor& start_P() const { return start_P_; }
  /// The maps with the largest support within the budget, or undefined where
  /// no trial met it.
  const Tensor& best_P() const { return best_P_; }
  /// The factor that left best_P, the last trial's where there is none.
  double found_factor() const;
  /// The loss of best_P, which must be defined.
  double best_loss() const { return best_loss_; }
  /// Whether so many moved neurons are what was asked for.
  bool is_enough(int64_t support) const;
  /// Whether best_P moves as many.
  bool succeeded() const { return is_enough(best_support_); }
  /// Set where the search ended at one, without success.
  std::optional<SupportJump> jump() const;
  /// [factor, support, loss] of every trial.
  Json path() const;

  std::vector<std::pair<std::string, Tensor>> state(const Tensor& like_P) const;
  /// False where no search is ever in such a state.
  bool restore(const std::map<std::string, Tensor>& state);

 private:
  struct Trial {
    double factor;
    int64_t support;
    double loss;
  };

  bool is_bracket_narrow() const;

  int64_t budget_;
  double factor_;
  std::vector<Trial> trials_;
  Trial weak_{0, 0, 0};           // the strongest that left too much
  Trial strong_{INFINITY, 0, 0};  // the weakest that left little enough
  Tensor start_P_, best_P_;
  double best_factor_ = 0, best_loss_ = 0, start_factor_ = 0;
  int64_t best_support_ = -1;
  bool finished_ = false;
};

}  // namespace lineas
