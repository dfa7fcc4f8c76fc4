// What maps should leave alone: how far they move what the model gives out for
// prompts that are fine as they are. The second term of the LinEAS loss
// (--keep). Bounds memory by micro-batches of rows; knows no optimizer.
#pragma once

#include "lineas/descent/parameters.h"
#include "lineas/learn/learner.h"
#include "lineas/learn/responses.h"

namespace lineas {

/// Mean departure of the outcome from the untouched model's, over the rows of
/// problem.keep_rows (the target's where there are none): for logits
/// KL(untouched, mapped) in nats a token, for values the squared difference in
/// parts of their mean square.
class KeepLoss {
 public:
  /// Records the untouched outcome. Problem and parameters must outlive it.
  /// Throws usage where the drive has no outcome.
  KeepLoss(const Problem& problem,
           const AffineParameters& parameters,
           const ResponseOptions& response);

  /// What a departure is to be held against: the untouched model's own
  /// uncertainty, the mean entropy of its logits in nats a token (a nat is more
  /// where a model is surer); 1 for values.
  double uncertainty() const { return uncertainty_; }

  /// At the present maps, without gradients.
  double measure();
  /// The same; adds `weight` times its gradient to that of the parameters.
  double add_gradient(double weight);

 private:
  using Piece = std::span<const int64_t>;

  std::vector<Piece> pieces() const;
  std::vector<Tensor> outputs_of(Piece rows, Tap* maps) const;
  double departure(double weight, bool with_gradient);

  const Problem& problem_;
  const AffineParameters& parameters_;
  ResponseOptions response_;
  Outcome outcome_;
  std::vector<int64_t> rows_;
  std::vector<std::vector<Tensor>> untouched_;  // of every piece and segment
  double uncertainty_ = 0;
  double unit_ = 0;  // tokens, or the sum of squares, of all of these
};

}  // namespace lineas
