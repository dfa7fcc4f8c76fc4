// Tells when a descent has settled: the last steps together gained next to
// nothing.
#pragma once

#include <vector>

#include "lineas/tensor/tensor.h"

namespace lineas {

class Settling {
 public:
  /// Settled once `patience` steps together lower the value by less than
  /// `tolerance` of it.
  Settling(int64_t patience, double tolerance)
      : patience_(patience), tolerance_(tolerance) {}

  /// Takes the value before a step; true once settled.
  bool note(double value);
  /// The values noted, oldest first; never more than `patience` after a note.
  const std::vector<double>& values() const { return values_; }

  /// The values as a tensor [patience + 1] for a state file, and back.
  Tensor state() const;
  void restore(const Tensor& state);

 private:
  int64_t patience_;
  double tolerance_;
  std::vector<double> values_;
};

}  // namespace lineas
