#include "lineas/ot/principal.h"

namespace lineas {

Tensor principal_direction(const Tensor& x_ND) {
  const Tensor wide_ND = x_ND.to(at::kDouble);
  const double largest = wide_ND.abs().max().item<double>();
  if (!(largest > 0)) return at::zeros({x_ND.size(1)}, wide_ND.options());
  const Tensor unit_ND = wide_ND / largest;
  // Eigenvalues come in ascending order.
  const Tensor vectors_NN =
      std::get<1>(at::linalg_eigh(unit_ND.matmul(unit_ND.t())));
  const Tensor direction_D =
      unit_ND.t().matmul(vectors_NN.select(1, x_ND.size(0) - 1));
  return direction_D / direction_D.norm();
}

}  // namespace lineas
