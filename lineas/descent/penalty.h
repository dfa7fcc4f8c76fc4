// The penalty that makes maps sparse, and its proximal step.
//
// Suffixes: D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// Weights of the sparse group lasso, for scales and for shifts.
struct Penalty {
  double l1_scale = 0, l1_shift = 0;
  double group_scale = 0, group_shift = 0;
  bool is_zero() const;
};

/// One proximal step of size tau on one site's map, in place: soft threshold
/// by tau * l1 (scale around 1, shift around 0), then the whole vector shrunk
/// by tau * group * sqrt(D). Source: Rodriguez et al. 2025 (LinEAS), section
/// 3.2; docs/math.md, section 6.
void apply_prox(Tensor scale_D,
                Tensor shift_D,
                const Penalty& penalty,
                double tau);

}  // namespace lineas
