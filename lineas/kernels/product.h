// The product every model spends its time in, y = x W^T + bias with a frozen
// W, by the fastest of three ways: one pass over the weights for a few rows,
// oneDNN for large float32 products, ATen for the rest. Knows no sites.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// x weight_OI^T + bias_O over the last dimension of x, whatever stands before
/// it: [S, I], [B, T, I], ...; an undefined bias is none. Differentiable for x
/// alone. Which way is taken depends on shapes, dtype and device only.
Tensor linear(const Tensor& x, const Tensor& weight_OI, const Tensor& bias_O);

}  // namespace lineas
