// L-BFGS on the maps in white coordinates, with a backtracking line search. For
// a loss that is the same in every step: all prompts, no penalty. Where the
// model's rounding makes the loss too rough for a line search (bfloat16), it
// ends in small averaged steps instead.
//
// Suffixes: P parameters, K pairs in memory.
#pragma once

#include <limits>
#include <optional>

#include "lineas/learn/descent.h"
#include "lineas/learn/settling.h"
#include "lineas/learn/whitening.h"

namespace lineas {

struct QuasiNewtonOptions {
  int64_t memory = 10;  // pairs of moves and gradient changes
  /// Settled once `patience` steps together lower the loss by less than this
  /// share of it.
  double tolerance = 1e-3;
  int64_t patience = 10;
  /// Averaged steps at the end, where the loss turned out to be rough.
  int64_t polish = 60;
};

/// Ends at the maps of the lowest loss it saw.
/// Source: Nocedal & Wright 2006, algorithms 7.4 and 7.5, line search (3.4).
class QuasiNewton : public Descent {
 public:
  /// `parameters` must outlive it.
  QuasiNewton(AffineParameters& parameters,
              Whitening whitening,
              const QuasiNewtonOptions& options = {});

  ObjectiveValue step(int64_t t, const Evaluate& evaluate) override;
  double rate(int64_t) const override { return factor_; }
  bool finished() const override { return finished_; }

  std::vector<std::pair<std::string, Tensor>> state() const override;
  void restore(const std::map<std::string, Tensor>& state) override;

 private:
  /// Loss and white gradient at the maps' present values.
  struct Point {
    ObjectiveValue value;
    Tensor gradient_P;
  };

  Point look(const Evaluate& evaluate);
  Tensor direction_P(const Tensor& gradient_P) const;
  std::optional<Point> search(const Point& from,
                              const Tensor& direction_P,
                              const Evaluate& evaluate);
  void remember(const Tensor& move_P, const Tensor& change_P);
  bool advance(const Evaluate& evaluate);
  ObjectiveValue polish(const Evaluate& evaluate);
  void finish();

  AffineParameters& parameters_;
  Whitening whitening_;
  QuasiNewtonOptions options_;
  Settling settling_;
  Tensor moves_KP_, changes_KP_;  // a ring: the oldest is overwritten
  Tensor average_P_, square_P_;   // of gradients, while polishing
  Tensor best_P_;                 // maps of the lowest loss
  double best_loss_ = std::numeric_limits<double>::infinity();
  int64_t pairs_ = 0;      // remembered since the last reset
  int64_t polished_ = -1;  // steps; -1: not begun
  bool is_rough_ = false;  // rounding showed
  std::optional<Point> here_;
  double factor_ = 0;  // of the last move
  bool finished_ = false;
};

}  // namespace lineas
