// One LinEAS run, step by step: the maps, the loss, the way down, and the
// phases a run may go through: learning, the search for a penalty that leaves
// the support asked for, the refit on the support that was found. Everything
// that the next step depends on is in its state.
#pragma once

#include <memory>
#include <optional>

#include "lineas/descent/descent.h"
#include "lineas/descent/optimizer.h"
#include "lineas/descent/penalty.h"
#include "lineas/descent/whitening.h"
#include "lineas/learn/lineas.h"
#include "lineas/learn/map_loss.h"
#include "lineas/learn/run_state.h"
#include "lineas/learn/support_search.h"

namespace lineas {

/// The options' words as what they mean.
struct LineasSettings {
  bool chooses_optimizer = false;  // --optimizer auto
  // Steps that draw no prompts see the same loss every time, and with auto a
  // penalty is then best served by steps that follow its curvature.
  bool draws_prompts = false;
  bool is_proximal = false;
  OptimizerKind optimizer = OptimizerKind::adam;
  Schedule schedule = Schedule::cosine;
  int64_t steps = 0;
  double lr = 0;
  Penalty penalty;
  double support_budget = 1;  // share of all neurons; 1: no search
  MapLossOptions loss;
};

/// `prompts`: of the source. Throws usage for an option that is out of range.
LineasSettings parse_settings(const LineasOptions& options, int64_t prompts);

class LineasRun {
 public:
  /// All three must outlive it. Records the target responses.
  LineasRun(const LineasOptions& options,
            const LineasSettings& settings,
            const Problem& problem);

  /// Loss and gradient at the present maps, then one update.
  ObjectiveValue step();
  bool finished() const { return phase_ == Phase::done; }

  int64_t steps_done() const { return t_; }
  /// How many there will be as far as can be told.
  int64_t steps_expected() const;
  double last_rate() const { return rate_; }
  /// False where the steps' length follows from the loss alone.
  bool uses_rate() const { return !settings_.is_proximal; }
  int64_t support() const { return parameters_.support(); }
  /// The loss without maps, and with these: before their last update, or of all
  /// prompts where steps draw some.
  double untouched_loss() const { return untouched_loss_; }
  double loss() const { return last_loss_; }
  /// How many neurons a support search may leave moved; 0 without one.
  int64_t budget() const { return search_ ? search_->budget() : 0; }
  /// False where no penalty was found that leaves the support asked for.
  bool meets_budget() const { return !search_ || search_->succeeded(); }
  /// The maps, and what their provenance says of the way they were found.
  MapSet result() const;
  Json findings() const;

  RunState state() const;
  /// False where no run is ever in such a state; it is then no use either.
  bool restore(const RunState& state);

 private:
  enum class Phase : int64_t { learn, refit, done };

  std::vector<int64_t> rows_of_step() const;
  double loss_of(const Tensor& response_NW);
  double loss_of_all();
  Penalty penalty_at(double strength) const;
  Penalty penalty() const;
  double first_strength();
  const std::vector<double>& scale_sizes();
  int64_t phase_steps() const;
  std::unique_ptr<Descent> make_descent();
  Whitening start();
  std::unique_ptr<Descent> make_proximal();
  void begin(Phase phase);
  void end_phase();
  void freeze();
  void check_maps() const;

  const LineasOptions& options_;
  const LineasSettings& settings_;
  const Problem& problem_;
  AffineParameters parameters_;
  MapLoss loss_;
  Phase phase_ = Phase::learn;
  int64_t t_ = 0;      // steps done
  int64_t begun_ = 0;  // steps done when the phase (or trial) began
  double rate_ = 0;
  double last_loss_ = 0;       // see loss()
  double untouched_loss_ = 0;  // of the model without maps
  Tensor free_P_;              // where entries may move; undefined: everywhere
  std::optional<SupportSearch> search_;
  std::optional<Whitening> whitening_;  // where the optimizer is chosen
  std::vector<double> scale_sizes_;     // see ProximalGradient
  std::unique_ptr<Descent> descent_;
};

}  // namespace lineas
