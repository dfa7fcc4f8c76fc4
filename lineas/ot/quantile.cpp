#include "lineas/ot/quantile.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

// overlap_NM[i, j] = n * length of [i/n, (i+1)/n] cut with [j/m, (j+1)/m]: how
// much of source quantile i goes to target quantile j; rows sum to 1.
Tensor coupling_weights(int64_t n, int64_t m) {
  const auto edges = [](int64_t count) {
    return at::arange(count + 1, at::kDouble) / static_cast<double>(count);
  };
  const Tensor source = edges(n).unsqueeze(1), target = edges(m).unsqueeze(0);
  const Tensor upper =
      at::minimum(source.narrow(0, 1, n), target.narrow(1, 1, m));
  const Tensor lower =
      at::maximum(source.narrow(0, 0, n), target.narrow(1, 0, m));
  return (upper - lower).clamp_min(0) * static_cast<double>(n);
}

}  // namespace

CoupledTarget couple(const Tensor& target_MD, int64_t n) {
  const int64_t m = target_MD.size(0);
  if (n < 1 || m < 1)
    fail(ErrorKind::usage,
         "transport needs samples on both sides, not {} and {}",
         n,
         m);
  const Tensor sorted_DM =
      std::get<0>(target_MD.t().contiguous().sort(/*dim=*/-1));
  if (n == m)
    return {sorted_DM, at::zeros({sorted_DM.size(0)}, sorted_DM.options())};
  const Tensor weights_MN = coupling_weights(n, m).t().to(target_MD.device());
  const Tensor wide_DM = sorted_DM.to(at::kDouble);
  const Tensor value_DN = wide_DM.matmul(weights_MN);
  const Tensor spread_DN =
      wide_DM.square().matmul(weights_MN) - value_DN.square();
  const auto type = target_MD.scalar_type();
  return {value_DN.to(type), spread_DN.sum(1).clamp_min(0).to(type)};
}

TransportLoss transport_loss(const Tensor& source_ND,
                             const CoupledTarget& target) {
  const auto [sorted_DN, order_DN] = source_ND.t().contiguous().sort(-1);
  const Tensor difference_DN = sorted_DN - target.value_DN;
  const Tensor loss_D = difference_DN.square().sum(1) + target.rest_D;
  const Tensor gradient_DN =
      at::empty_like(difference_DN).scatter_(1, order_DN, difference_DN * 2);
  return {loss_D, gradient_DN.t()};
}

}  // namespace lineas
