// The few elementwise computations that ATen would make in many passes over
// memory, each as one differentiable function with a hand-written backward.
// Weights are frozen everywhere: no gradient is formed for them. Accumulation
// is in float32 whatever the tensors hold.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

/// x_SD / sqrt(mean(x^2) + eps) * gain_D, over the last dimension.
/// Source: Zhang & Sennrich 2019, eq. 4; HF LlamaRMSNorm.
Tensor rms_norm(const Tensor& x_SD, const Tensor& gain_D, double eps);

/// Rotates pairs (i, i + d/2) of every head by the token's angles:
/// x_SHd with cos_Sd2, sin_Sd2 of shape [S, d/2] in float32.
/// Source: Su et al. 2021, eq. 34; HF apply_rotary_pos_emb (half layout).
Tensor rotate(const Tensor& x_SHd,
              const Tensor& cos_Sd2,
              const Tensor& sin_Sd2);

/// silu(gate) * up. Source: Shazeer 2020, eq. 6 (SwiGLU).
Tensor swiglu(const Tensor& gate_SF, const Tensor& up_SF);

/// x[index] along dim 0, where `inverse` leads every row of x back to one of
/// its places: no gradient is a sum. Spreading (`index` longer than x), the
/// repeats are padding that must have no influence; packing, the rows of x that
/// `index` leaves out get gradient zero.
Tensor gather_rows(const Tensor& x, const Tensor& index, const Tensor& inverse);

/// scale_D * x + shift_D over the last dimension, in float32, rounded once to
/// x's type; gradients for x, scale and shift. scale and shift may also be
/// [S, D], one map a token.
Tensor scale_and_shift(const Tensor& x_SD,
                       const Tensor& scale,
                       const Tensor& shift);

}  // namespace lineas
