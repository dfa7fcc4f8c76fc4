// SGD and Adam on the maps, each step followed by the proximal step that makes
// them sparse; entries may be frozen, and steps taken in white coordinates.
//
// Suffixes: P parameters.
#pragma once

#include <optional>

#include "lineas/descent/descent.h"
#include "lineas/descent/optimizer.h"
#include "lineas/descent/penalty.h"
#include "lineas/descent/whitening.h"

namespace lineas {

struct FirstOrderOptions {
  OptimizerKind optimizer = OptimizerKind::adam;
  Schedule schedule = Schedule::cosine;
  double lr = 1e-3;
  int64_t steps = 1000;      // of the schedule
  int64_t warmup = 1;        // steps until the rate is whole
  double second_beta = 0.9;  // of Adam, as the next
  double epsilon = 1e-8;     // beside the gradient, so in its units
  Penalty penalty;
  std::optional<Whitening> whitening;
};

/// Source: Rodriguez et al. 2025 (LinEAS), section 3.2; docs/math.md, section
/// 6: gradient, optimizer, prox with the rate of this step.
class FirstOrder : public Descent {
 public:
  /// `free_P`: 1 where an entry may move, 0 where it is frozen; undefined: all
  /// move. `parameters` must outlive it.
  FirstOrder(AffineParameters& parameters,
             const FirstOrderOptions& options,
             Tensor free_P = {});

  ObjectiveValue step(int64_t t, const Evaluate& evaluate) override;
  double rate(int64_t t) const override;

  std::vector<std::pair<std::string, Tensor>> state() const override {
    return optimizer_.state();
  }
  void restore(const std::map<std::string, Tensor>& state) override {
    optimizer_.restore(state);
  }

 private:
  void move(double rate);

  AffineParameters& parameters_;
  FirstOrderOptions options_;
  Optimizer optimizer_;
  Tensor free_P_;
};

}  // namespace lineas
