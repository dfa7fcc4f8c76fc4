// Proximal gradient on loss plus penalty, each step as long as the curvature
// seen in the last one allows (SpaRSA). For a loss that is the same in every
// step. Ends when it has settled (settling.h): near the point where no entry
// gains more than its penalty costs, so that the support hardly depends on
// anything but the penalty. Steps may lead up a little; finish() goes back to
// the best point.
//
// Suffixes: P parameters.
#pragma once

#include "lineas/descent/descent.h"
#include "lineas/descent/penalty.h"
#include "lineas/descent/settling.h"

namespace lineas {

struct ProximalOptions {
  Penalty penalty;
  /// Finished once `patience` steps together lower loss plus penalty by less
  /// than this share of it.
  double tolerance = 1e-3;
  int64_t patience = 10;
};

/// Source: Wright, Nowak & Figueiredo 2009 (SpaRSA), section II, with the
/// monotone limit widened to the last five values (eq. 22).
class ProximalGradient : public Descent {
 public:
  /// `scale_sizes`: for every mapped site how large its source responses are,
  /// the mean of their squares: a scale's curvature in units of a shift's.
  /// `free_P`: as in FirstOrder. `parameters` must outlive it.
  ProximalGradient(AffineParameters& parameters,
                   std::vector<double> scale_sizes,
                   const ProximalOptions& options,
                   Tensor free_P = {});

  ObjectiveValue step(int64_t t, const Evaluate& evaluate) override;
  double rate(int64_t) const override { return length_; }
  bool finished() const override { return finished_; }
  std::optional<double> finish() override;

  std::vector<std::pair<std::string, Tensor>> state() const override;
  void restore(const std::map<std::string, Tensor>& state) override;

 private:
  /// Loss, gradient and loss plus penalty at the maps' present values.
  struct Point {
    ObjectiveValue value;
    Tensor gradient_P;
    double total;
  };

  Point look(const Evaluate& evaluate) const;
  void arrive(Point point);
  ObjectiveValue advance(const Evaluate& evaluate);
  double penalty_here() const;
  double norm2(const Tensor& move_P) const;
  void move_from(const Tensor& start_P, const Tensor& gradient_P);
  bool search(const Point& from, const Evaluate& evaluate);

  AffineParameters& parameters_;
  ProximalOptions options_;
  Settling settling_;
  Tensor free_P_;
  std::vector<double> scale_sizes_;
  Tensor curvature_P_;  // of every entry, in units of a shift's
  double length_ = 0;   // of the next step; 0: not known yet
  std::optional<Point> here_;
  Tensor best_P_;  // where loss plus penalty were least
  double best_total_, best_loss_ = 0;
  bool finished_ = false;
};

}  // namespace lineas
