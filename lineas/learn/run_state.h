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
  double seconds = 0;
};

/// What makes two runs the same: how the map is made (its provenance) and
/// where. A state file of another one is refused on resume.
Json state_identity(const Json& provenance, const Problem& problem);

class RunKeeper {
 public:
  /// Throws resource where a file could not be written.
  RunKeeper(RunFiles files, Json identity);

  /// The saved state when resuming and there is one. `pattern`: the state of
  /// the run before its first step, whose names and shapes it must have.
  /// Throws usage where it belongs to another run, format where it is not a
  /// state file.
  std::optional<RunState> load(const RunState& pattern);
  int64_t steps_done() const { return static_cast<int64_t>(losses_.size()); }
  const std::vector<double>& losses() const { return losses_; }

  /// A fresh log, or what a resumed one says of the steps that are done; then
  /// the memory before the first step.
  void begin_log() const;
  void add_step(const StepRecord& record);
  /// Between steps: saves every `save_every` of them, and where the run
  /// `is_cancelled`; then it throws cancelled.
  void save_if_due(bool is_cancelled, const std::function<RunState()>& state);
  /// Ends a cancelled run: saves its state where a step is done, and throws
  /// cancelled, saying what is kept. Null where the run is being set up: then
  /// the state of an earlier stop stays as it is.
  [[noreturn]] void stop(const std::function<RunState()>& state) const;

 private:
  void save(const RunState& state) const;
  void log_step(const StepRecord& record) const;

  RunFiles files_;
  Json identity_;
  std::vector<double> losses_;
};

/// Adds a line to a log, and to the line the memory held now. Throws resource.
void append_log(const std::string& path, Json line);

/// Removes the state of a run whose result is safe: called once the map has
/// been written, never before.
void remove_state(const RunFiles& files);

}  // namespace lineas
