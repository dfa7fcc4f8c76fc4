// Sinusoids of a timestep, the first thing a denoiser makes of it.
#pragma once

#include "lineas/tensor/tensor.h"

namespace lineas {

struct SinusoidOptions {
  bool cos_first = true;  // flip_sin_to_cos
  double freq_shift = 0;  // downscale_freq_shift
};

/// [B, width] in float32: cos and sin of t f_i with f_i = exp(-ln(10000) i /
/// (width / 2 - freq_shift)). t_B in any dtype, whole or not.
/// Source: diffusers models/embeddings.py, get_timestep_embedding.
Tensor timestep_sinusoids(const Tensor& t_B,
                          int64_t width,
                          const SinusoidOptions& options = {});

}  // namespace lineas
