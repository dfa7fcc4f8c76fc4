#include "lineas/descent/penalty.h"

#include <cmath>

namespace lineas {
namespace {

// Prox of one group of parameters around 0.
void shrink(Tensor values_D, double threshold, double group_threshold) {
  if (threshold > 0)
    values_D.copy_(values_D.sign() * (values_D.abs() - threshold).clamp_min(0));
  if (group_threshold <= 0) return;
  const double norm = values_D.norm().item<double>();
  const double limit =
      group_threshold * std::sqrt(static_cast<double>(values_D.numel()));
  values_D.mul_(norm > limit ? 1.0 - limit / norm : 0.0);
}

}  // namespace

bool Penalty::is_zero() const {
  return l1_scale == 0 && l1_shift == 0 && group_scale == 0 && group_shift == 0;
}

void apply_prox(Tensor scale_D,
                Tensor shift_D,
                const Penalty& penalty,
                double tau) {
  Tensor excess_D = scale_D - 1;
  shrink(excess_D, tau * penalty.l1_scale, tau * penalty.group_scale);
  scale_D.copy_(excess_D + 1);
  shrink(shift_D, tau * penalty.l1_shift, tau * penalty.group_shift);
}

}  // namespace lineas
