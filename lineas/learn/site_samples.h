// What the prompts of both sides answer at one site, how far the two are apart,
// and when a difference is no more than rounding. Knows no method.
//
// Suffixes: N source samples, M target samples, D neurons.
#pragma once

#include "lineas/maps/affine_map.h"

namespace lineas {

/// Pooled responses in double on the CPU.
struct SiteSamples {
  SiteSamples(const Tensor& source, const Tensor& target);

  /// n W2^2 between the source under the map and the target, mean over neurons;
  /// a neuron that is no further off than rounding counts as 0.
  double distance(const AffineMap& map) const;

  /// The map without the neurons that it would move by no more than rounding.
  AffineMap without_rounding(const AffineMap& map) const;

  Tensor source_ND, target_MD;
  Tensor rounding_D;  // see rounding()
};

}  // namespace lineas
