// The direction in which samples are largest.
//
// Suffixes: N samples, D neurons.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// The unit vector v_D (double) that maximises sum_i (v . x_i)^2: the first
/// principal component about the origin, which is what principal components of
/// differences with random signs tend to. Zero where all samples are zero. Its
/// sign is arbitrary. Cost: eigenvalues of an N x N matrix.
Tensor principal_direction(const Tensor& x_ND);

}  // namespace lineas
