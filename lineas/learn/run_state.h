// Keeps a long run from being lost: the state file that --resume continues, and
// the log of its steps.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lineas/learn/learner.h"

namespace lineas {

/// Everything that the next step depends on, as named tensors.
struct RunState {
  std::vector<std::pair<std::string, Tensor>> tensors;
};

struct StepRecord {
  double loss = 0;
  std::vector<double> site_loss;
  double rate = 0;
  int64_t support = 0;
};

class RunKeeper {
 public:
  /// `identity`: what makes two runs the same; a state file of another one is
  /// refused on resume.
  RunKeeper(RunFiles files, Json identity);

  /// The saved state when resuming and there is one. Throws usage where it
  /// belongs to another run, format where it is not a state file.
  std::optional<RunState> load();
  int64_t steps_done() const { return static_cast<int64_t>(losses_.size()); }
  const std::vector<double>& losses() const { return losses_; }

  void add_step(const StepRecord& record);
  /// Saves every `save_every` steps. On ctrl-C saves and throws cancelled,
  /// unless the run is over anyway.
  void save_if_due(bool more_to_come, const std::function<RunState()>& state);
  /// The run is complete: the state file goes.
  void finish();

 private:
  void save(const RunState& state) const;
  void log_step(const StepRecord& record);

  RunFiles files_;
  Json identity_;
  std::vector<double> losses_;
};

}  // namespace lineas
