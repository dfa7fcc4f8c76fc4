// How far a tensor is from its golden one.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas::testing {

/// max |got - golden| / max(1, max |golden|); infinite where shapes differ or
/// anything is NaN.
inline double error_of(const Tensor& got, const Tensor& golden) {
  if (got.sizes() != golden.sizes()) return INFINITY;
  if (got.numel() == 0) return 0;
  const Tensor a = got.detach().to(at::kDouble);
  const Tensor b = golden.detach().to(at::kDouble);
  const double error = (a - b).abs().max().item<double>();
  const double size = b.abs().max().item<double>();
  return std::isfinite(error) ? error / std::max(1.0, size) : INFINITY;
}

}  // namespace lineas::testing
