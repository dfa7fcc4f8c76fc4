#include "lineas/ot/moments.h"

#include <algorithm>

namespace lineas {
namespace {

constexpr double kLeastSpread = 1e-6;    // absolute
constexpr double kLeastOfMean = 1e-5;    // of |mean|: float32 rounding
constexpr double kLeastOfTarget = 1e-3;  // of the target's deviation
constexpr double kRounding = 1e-5;       // of float32, with some steps between

}  // namespace

Moments moments(const Tensor& x_ND) {
  const Tensor wide_ND = x_ND.to(at::kDouble);
  const Tensor mean_D = wide_ND.mean(0);
  const auto count = static_cast<double>(x_ND.size(0));
  const Tensor square_D = (wide_ND - mean_D).square().sum(0);
  return {mean_D, (square_D / std::max(1.0, count - 1)).sqrt()};
}

Tensor rounding(const Tensor& x_ND) {
  return at::maximum(x_ND.abs().amax(0), x_ND.square().mean().sqrt()) *
         kRounding;
}

Tensor is_flat(const Moments& source, const Moments& target) {
  const Tensor floor_D = at::maximum(source.mean_D.abs() * kLeastOfMean,
                                     target.deviation_D * kLeastOfTarget)
                             .clamp_min(kLeastSpread);
  return source.deviation_D <= floor_D;
}

}  // namespace lineas
