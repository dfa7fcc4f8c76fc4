#include "lineas/ot/auroc.h"

#include "lineas/ot/moments.h"
#include "lineas/ot/quantile.h"

namespace lineas {
namespace {

Tensor by_neuron(const Tensor& x_ND) {
  return x_ND.t().contiguous();
}

// Where both samples are one but for rounding: pairs that are nearly a tie
// would be one to this side and none to the other.
Tensor is_equal(const Tensor& x_ND, const Tensor& y_MD, const Tensor& tie_D) {
  const int64_t n = x_ND.size(0);
  return transport_loss(x_ND, couple(y_MD, n)).loss_D <= tie_D.square() * n;
}

}  // namespace

Tensor auroc(const Tensor& positive_ND, const Tensor& negative_MD) {
  const Tensor x_ND = positive_ND.to(at::kDouble);
  const Tensor y_MD = negative_MD.to(at::kDouble);
  const Tensor tie_D = rounding(at::cat({x_ND, y_MD}));
  const Tensor x_DN = by_neuron(x_ND), tie_D1 = tie_D.unsqueeze(1);
  const Tensor sorted_DM = std::get<0>(by_neuron(y_MD).sort(-1));
  const Tensor smaller_DN = at::searchsorted(sorted_DM, x_DN - tie_D1);
  const Tensor not_larger_DN = at::searchsorted(
      sorted_DM, x_DN + tie_D1, /*out_int32=*/false, /*right=*/true);
  // Twice the pairs won, a whole number: equal samples give 1/2 exactly.
  const Tensor won_D = (smaller_DN + not_larger_DN).sum(1).to(at::kDouble);
  const auto pairs =
      static_cast<double>(positive_ND.size(0) * negative_MD.size(0));
  return (won_D / (2 * pairs)).masked_fill(is_equal(x_ND, y_MD, tie_D), 0.5);
}

Tensor aura_scale(const Tensor& auroc_D) {
  return 1 - 2 * (auroc_D - 0.5).clamp_min(0);
}

}  // namespace lineas
