// The LinEAS loss: how far the pooled source responses at the matched sites are
// from the recorded target responses, and the gradient for every response.
//
// Suffixes: N source samples, M target samples, K = min(N, M), W neurons of all
// matched sites side by side.
#pragma once

#include <string>
#include <vector>

#include "lineas/ot/quantile.h"

namespace lineas {

/// How unequal sample counts are matched: by the exact quantile coupling, or by
/// drawing as many from the larger side (what the published program does).
enum class OtMatch { exact, subsample };
/// Whether squared differences are summed over the samples (the published
/// program; the loss is then n W2^2) or averaged (W2^2).
enum class LossReduction { sum, mean };

/// "exact", "subsample"; "sum", "mean". Throw usage for another word.
OtMatch parse_ot_match(const std::string& name);
LossReduction parse_loss_reduction(const std::string& name);

struct ObjectiveOptions {
  OtMatch match = OtMatch::exact;
  LossReduction reduction = LossReduction::sum;
  uint64_t seed = 0;
};

/// Loss of one step. loss = mean over sites of site_loss; a site's loss is the
/// mean over its neurons.
struct ObjectiveValue {
  double loss = 0;
  std::vector<double> site_loss;
  Tensor gradient_NW;  // d loss / d response
};

/// All sites lie side by side in one matrix, so that a step sorts once.
/// Source: Rodriguez et al. 2025 (LinEAS), eq. 4-5; docs/math.md, section 4.
class MatchObjective {
 public:
  /// The recorded target responses [M, D] of every matched site.
  MatchObjective(const std::vector<Tensor>& target,
                 const ObjectiveOptions& options);

  /// Source responses at the same sites, without gradients. `step` seeds the
  /// subsampling. Throws usage where the widths differ.
  ObjectiveValue evaluate(const Tensor& response_NW, int64_t step);
  /// Whether all source responses have the target's distribution already, but
  /// for rounding.
  bool is_met_by(const Tensor& response_NW);

 private:
  const CoupledTarget& coupled_for(int64_t n);
  TransportLoss subsampled(const Tensor& response_NW, int64_t step);
  Tensor draw_KW(int64_t total, int64_t count, int64_t step) const;

  std::vector<int64_t> widths_;
  Tensor target_MW_;
  Tensor share_W_;  // of a neuron's loss in the whole: 1 / (sites * width)
  ObjectiveOptions options_;
  int64_t coupled_n_ = 0;
  CoupledTarget coupled_;  // to coupled_n_ source samples
};

}  // namespace lineas
