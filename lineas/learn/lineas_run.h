// One LinEAS run, step by step: the maps, the loss, the way down, and the
// stages a run may go through: learning, the search for a penalty that leaves
// the support asked for, the refit on the support that was found. Everything
// that the next step depends on is in its state.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "lineas/descent/descent.h"
#include "lineas/descent/whitening.h"
#include "lineas/learn/lineas_settings.h"
#include "lineas/learn/run_state.h"
#include "lineas/learn/support_search.h"

namespace lineas {

class LineasRun {
 public:
  /// Both must outlive it. Records the target responses and goes to where
  /// learning starts. This, a step and restore throw cancelled where
  /// `is_cancelled` says so at a site of one of their passes.
  LineasRun(const LineasSettings& settings,
            const Problem& problem,
            std::function<bool()> is_cancelled = {});
  LineasRun(const LineasRun&) = delete;
  LineasRun& operator=(const LineasRun&) = delete;

  /// Loss and gradient at the present maps, then one update. A step that is
  /// cancelled leaves the state of the one before.
  ObjectiveValue step();
  bool finished() const { return stage_ == Stage::done; }

  int64_t steps_done() const { return t_; }
  /// How many there will be as far as can be told.
  int64_t steps_expected() const;
  double last_rate() const { return rate_; }
  int64_t support() const { return parameters_.support(); }
  /// The loss without maps, and with these: before their last update, or of all
  /// prompts where steps draw some, or where the descent found the best point.
  double untouched_loss() const { return untouched_loss_; }
  double loss() const { return last_loss_; }
  /// True where the steps ended above where they started, and that was kept.
  bool fell_back() const { return fell_back_; }
  /// How many neurons a support search may leave moved; 0 without one.
  int64_t budget() const { return search_ ? search_->budget() : 0; }
  /// False where no penalty was found that leaves the support asked for.
  bool found_penalty() const { return !search_ || search_->succeeded(); }
  /// What the support jumps over where that is why none was found.
  std::optional<SupportJump> support_jump() const;
  /// False where these maps move fewer neurons than that: a refit under the
  /// penalty can empty the support further.
  bool meets_budget() const {
    return !search_ || search_->is_enough(support());
  }
  /// The maps, and what their provenance says of the way they were found.
  MapSet result() const;
  Json findings() const;

  RunState state() const;
  /// False where no run is ever in such a state; it is then no use either.
  bool restore(const RunState& state);

 private:
  enum class Stage : int64_t { learn, refit, done };

  std::vector<int64_t> rows_of_step() const;
  double loss_of(const Tensor& response_NW);
  double loss_of_all();
  Penalty penalty_at(double factor) const;
  Penalty penalty() const;
  double first_factor();
  const std::vector<double>& scale_sizes();
  int64_t stage_steps() const;
  std::unique_ptr<Descent> make_descent();
  Whitening start();
  std::unique_ptr<Descent> make_proximal();
  void begin(Stage stage);
  void end_stage();
  MapLossOptions loss_options() const;
  void freeze();
  void check_maps() const;

  const LineasSettings& settings_;
  const Problem& problem_;
  bool is_ending_stage_ = false;  // which is not to be stopped half-way
  std::function<bool()> is_cancelled_;
  AffineParameters parameters_;
  MapLoss loss_;
  Stage stage_ = Stage::learn;
  int64_t t_ = 0;      // steps done
  int64_t begun_ = 0;  // steps done when the stage (or trial) began
  double rate_ = 0;
  double last_loss_ = 0;       // see loss()
  double untouched_loss_ = 0;  // of the model without maps
  Tensor free_P_;              // where entries may move; undefined: everywhere
  std::optional<SupportSearch> search_;
  // Where the optimizer is chosen: its coordinates, and where it started.
  std::optional<Whitening> whitening_;
  Tensor start_P_;
  double start_loss_ = 0;
  bool is_met_ = false;              // there, already
  bool fell_back_ = false;           // to it: the steps led upwards
  std::vector<double> scale_sizes_;  // see ProximalGradient
  std::unique_ptr<Descent> descent_;
};

}  // namespace lineas
