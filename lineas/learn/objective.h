// The LinEAS loss: how far the pooled source responses at the matched sites are
// from the recorded target responses, and the gradient for every response.
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
  std::vector<Tensor> gradient_ND;  // d loss / d response, a site
};

/// Source: Rodriguez et al. 2025 (LinEAS), eq. 4-5; reference 1.5, item 5.
class MatchObjective {
 public:
  /// target_MD of every matched site.
  MatchObjective(std::vector<Tensor> target, const ObjectiveOptions& options);

  /// source_ND of every matched site, without gradients. `step` seeds the
  /// subsampling. Throws usage where the site counts differ.
  ObjectiveValue evaluate(const std::vector<Tensor>& source, int64_t step);

 private:
  TransportLoss site_value(const Tensor& source_ND, size_t site, int64_t step);
  TransportLoss subsampled(const Tensor& source_ND, size_t site, int64_t step);

  std::vector<Tensor> target_;
  ObjectiveOptions options_;
  int64_t coupled_for_ = 0;  // number of source samples of coupled_
  std::vector<CoupledTarget> coupled_;
};

}  // namespace lineas
