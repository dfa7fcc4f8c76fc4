#include "lineas/ot/auroc.h"

namespace lineas {
namespace {

constexpr double kRounding = 1e-6;

Tensor by_neuron(const Tensor& x_ND) {
  return x_ND.to(at::kDouble).t().contiguous();
}

}  // namespace

Tensor auroc(const Tensor& positive_ND, const Tensor& negative_MD) {
  const Tensor x_DN = by_neuron(positive_ND), y_DM = by_neuron(negative_MD);
  const Tensor sorted_DM = std::get<0>(y_DM.sort(-1));
  const Tensor tie_D1 =
      at::maximum(x_DN.abs().amax(1, true), y_DM.abs().amax(1, true)) *
      kRounding;
  const Tensor smaller_DN = at::searchsorted(sorted_DM, x_DN - tie_D1);
  const Tensor not_larger_DN = at::searchsorted(
      sorted_DM, x_DN + tie_D1, /*out_int32=*/false, /*right=*/true);
  // Twice the pairs won, a whole number: equal samples give 1/2 exactly.
  const Tensor won_D = (smaller_DN + not_larger_DN).sum(1).to(at::kDouble);
  const auto pairs =
      static_cast<double>(positive_ND.size(0) * negative_MD.size(0));
  return won_D / (2 * pairs);
}

Tensor aura_scale(const Tensor& auroc_D) {
  return 1 - 2 * (auroc_D - 0.5).clamp_min(0);
}

}  // namespace lineas
