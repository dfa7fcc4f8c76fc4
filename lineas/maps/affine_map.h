// One site's affine map: numbers only. How it acts on a tensor is in apply.h
// (while learning) and steer_tap.h.
#pragma once

#include <optional>

#include "lineas/tap/tap.h"

namespace lineas {

/// Where a map acts, per neuron: low < x < high, strict on both sides.
struct Interval {
  Tensor low_D, high_D;
};

/// x -> (1 + strength (scale - 1)) x + strength shift, per neuron, inside the
/// support where there is one. Float32.
/// Source: Rodriguez et al. 2025 (LinEAS), section 3.
struct AffineMap {
  Tensor scale_D, shift_D;
  std::optional<Interval> support = std::nullopt;

  int64_t width() const { return scale_D.size(0); }
  static AffineMap identity(int64_t width);
};

/// An entry no further from the identity does not count as support.
/// Source: docs/math.md, section 6.
inline constexpr double kSupportThreshold = 1e-5;

/// Neurons that a map moves: |scale - 1| or |shift| beyond the threshold.
Tensor moved_neurons(const AffineMap& map);

}  // namespace lineas
