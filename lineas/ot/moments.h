// Mean and spread of samples, neuron by neuron, and which neurons spread too
// little to say anything about a slope. Knows no model and no method.
//
// Suffixes: N samples, D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// Per neuron, in double: mean and unbiased standard deviation (0 of a single
/// sample).
struct Moments {
  Tensor mean_D, deviation_D;
};
Moments moments(const Tensor& x_ND);

/// Deviations up to which the published program leaves a neuron alone in its
/// mean and Gaussian maps. Source: docs/math.md, section 10.
inline constexpr double kLeastDeviation = 1e-4;

/// How far apart two values of a neuron must be to differ at all: 1e-5 (what
/// float32 arithmetic leaves between two ways to one number) of the neuron's
/// largest, or of the root mean square of the whole matrix where the neuron's
/// are small because larger numbers cancelled.
Tensor rounding(const Tensor& x_ND);

/// True for neurons whose source values differ by no more than rounding, or by
/// so much less than the target's that a slope would amplify noise: deviation
/// at most 1e-6, or 1e-5 |mean|, or 1e-3 of the target's deviation. A slope
/// between such samples is below 1000 wherever this is false.
Tensor is_flat(const Moments& source, const Moments& target);

}  // namespace lineas
