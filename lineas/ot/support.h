// The support of a map: the range of source values that it was fitted on.
//
// Suffixes: N samples, D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// Bounds per neuron.
struct QuantileRange {
  Tensor low_D, high_D;
};

/// The `low` and `high` percentiles of every neuron's samples, interpolated
/// linearly between the sorted values, in double. N >= 1, 0 <= low <= high <=
/// 100.
/// Source: docs/math.md, section 10; Hyndman & Fan 1996, definition 7.
QuantileRange quantile_range(const Tensor& source_ND, double low, double high);

}  // namespace lineas
