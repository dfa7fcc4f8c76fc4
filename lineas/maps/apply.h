// How a map acts on a tensor, whatever its layout: the one function for
// learning and for steering, in operations that are differentiable for x, scale
// and shift. In float32, or in double where x is double; rounded once.
#pragma once

#include "lineas/maps/token_plan.h"

namespace lineas {

/// x with the map applied where the plan says, as its position says:
///   all, last: scale x + shift on every token that is acted on
///   avg:       x + T(m) - m with m the mean of the row's tokens
/// and inside the support where there is one (of the mean, for avg). Tokens
/// that are not acted on keep their value. `map`: [D], or [N, D] with a map for
/// each unit of the plan.
Tensor apply_map(const Tensor& x, const AffineMap& map, const TokenPlan& plan);

/// The same for all rows and tokens.
Tensor apply_map(const Tensor& x,
                 const Tensor& scale,
                 const Tensor& shift,
                 Position position,
                 const PassContext& context);

}  // namespace lineas
