// One LinEAS run, step by step: the maps, the loss, the way down, and the list
// of stages that says what is tried next (see trial.h). Everything that the
// next step depends on is in its state.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "lineas/descent/descent.h"
#include "lineas/learn/keep_loss.h"
#include "lineas/learn/lineas_settings.h"
#include "lineas/learn/run_state.h"
#include "lineas/learn/trial.h"
#include "lineas/learn/warm_start.h"
#include "lineas/tap/stoppable_drive.h"

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
  bool finished() const { return descent_ == nullptr; }

  int64_t steps_done() const { return t_; }
  /// How many there will be as far as can be told.
  int64_t steps_expected() const;
  double last_rate() const { return rate_; }
  int64_t support() const { return parameters_.support(); }
  /// The loss without maps, and with these: before their last update, or of all
  /// prompts where steps draw some, or where the descent found the best point.
  double untouched_loss() const { return untouched_loss_; }
  double loss() const { return last_loss_; }
  /// How far the maps move what is to be kept (see KeepLoss); 0 without --keep.
  double departure() const { return departure_; }
  /// True where the steps ended above where they started, and that was kept.
  bool fell_back() const { return fell_back_; }
  /// The search for a support, or null where none was asked for.
  const SupportSearch* search() const { return search_ ? &*search_ : nullptr; }
  /// The maps, and what their provenance says of the way they were found.
  MapSet result() const;
  Json findings() const;

  RunState state() const;
  /// False where no run is ever in such a state; it is then no use either.
  bool restore(const RunState& state);

 private:
  void set_up();
  void add_stages();
  double first_factor();
  bool begin(std::optional<Trial> trial);
  void begin_stage(size_t number);
  void end_trial();
  void go_back();
  void go_further();
  std::unique_ptr<Descent> make_descent();
  std::unique_ptr<Descent> make_proximal();
  std::unique_ptr<Descent> make_white();
  std::unique_ptr<Descent> make_gentle();
  const WarmStart& white_start();
  std::vector<double> measure_scale_sizes();
  std::vector<int64_t> rows_of_step() const;
  ObjectiveValue evaluate();
  double loss_of(const Tensor& response_NW);
  void check_maps() const;

  const LineasSettings& settings_;
  bool is_between_trials_ =
      false;  // where no state leads on: not to be stopped
  StoppableDrive drive_;
  const Problem problem_;  // with that drive
  AffineParameters parameters_;
  MapLoss loss_;
  std::optional<KeepLoss> keep_;
  double departure_ = 0;
  double length_ = 0;  // along the way that was learned; 0: as it came
  std::optional<SupportSearch> search_;
  std::vector<std::unique_ptr<Stage>> stages_;
  size_t stage_ = 0;
  // What is being tried, since which step, and how.
  Trial trial_;
  int64_t begun_ = 0;
  std::unique_ptr<Descent> descent_;  // null: there is nothing left to try
  int64_t t_ = 0;                     // steps done
  double rate_ = 0;
  double last_loss_ = 0;       // see loss()
  double last_total_ = 0;      // the same, and what is kept, weighed
  double untouched_loss_ = 0;  // of the model without maps
  bool fell_back_ = false;
  std::optional<WarmStart> white_;   // where the optimizer is chosen
  std::vector<double> scale_sizes_;  // see ProximalGradient
};

}  // namespace lineas
