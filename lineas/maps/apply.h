// How one affine map acts on one tensor, whatever its layout, in plain tensor
// operations: what learning differentiates (TrainingTap), for x, scale and
// shift. SteerTap does the same for many maps and strengths at once.
#pragma once

#include "lineas/maps/map_set.h"

namespace lineas {

/// scale * x + shift seen through `position`. x is x_SD (packed), x_BTD or
/// x_BCHW; scale and shift are float32, [D], or for packed x also [S, D].
///   all:  every token (pixel) by itself
///   last: only the last token of every row (unsupported for pictures)
///   avg:  x + T(m) - m with m the row's mean
Tensor apply_map(const Tensor& x,
                 const Tensor& scale,
                 const Tensor& shift,
                 Position position,
                 const PassContext& context);

}  // namespace lineas
