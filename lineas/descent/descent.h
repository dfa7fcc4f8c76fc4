// A way down the loss: moves the maps one step at a time, asking for loss and
// gradient where it stands. Knows neither model nor prompts.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lineas/descent/objective.h"
#include "lineas/descent/parameters.h"

namespace lineas {

class Descent {
 public:
  /// Loss at the maps' present values; leaves its gradient in the parameters.
  using Evaluate = std::function<ObjectiveValue()>;

  virtual ~Descent() = default;

  /// Moves the maps once; the answer is the loss before the move. Where
  /// `evaluate` throws, maps and state are as they were.
  virtual ObjectiveValue step(int64_t t, const Evaluate& evaluate) = 0;
  /// Length of step t: the learning rate, or the last factor of a line search.
  virtual double rate(int64_t t) const = 0;
  /// True once further steps would gain nothing.
  virtual bool finished() const { return false; }
  /// No step follows: leaves the maps at the best point that was seen. The
  /// answer is the loss there, where the descent knows it.
  virtual std::optional<double> finish() { return std::nullopt; }

  /// What a resumed run needs beside the maps: named tensors of fixed shapes.
  virtual std::vector<std::pair<std::string, Tensor>> state() const = 0;
  virtual void restore(const std::map<std::string, Tensor>& state) = 0;
};

}  // namespace lineas
