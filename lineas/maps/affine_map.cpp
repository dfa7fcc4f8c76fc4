#include "lineas/maps/affine_map.h"

namespace lineas {

AffineMap AffineMap::identity(int64_t width) {
  return {.scale_D = at::ones({width}, at::kFloat),
          .shift_D = at::zeros({width}, at::kFloat)};
}

Tensor moved_neurons(const AffineMap& map) {
  return ((map.scale_D - 1).abs() > kSupportThreshold)
      .logical_or(map.shift_D.abs() > kSupportThreshold);
}

}  // namespace lineas
