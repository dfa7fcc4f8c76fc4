// Plain loops over rows of floats or bfloat16, compiled for several instruction
// sets and chosen at run time. No autograd, no threads, no shapes: fused.cpp
// and thin_product.cpp bring those.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

namespace lineas::kernels {

/// y = x * r * gain with r = 1 / sqrt(mean(x^2) + eps); returns r.
float rms_norm_row(
    const float* x, const float* gain, float* y, int64_t n, float eps);
float rms_norm_row(const c10::BFloat16* x,
                   const c10::BFloat16* gain,
                   c10::BFloat16* y,
                   int64_t n,
                   float eps);

/// dx of rms_norm_row for the output gradient dy.
void rms_norm_row_backward(const float* dy,
                           const float* x,
                           const float* gain,
                           float r,
                           float* dx,
                           int64_t n);
void rms_norm_row_backward(const c10::BFloat16* dy,
                           const c10::BFloat16* x,
                           const c10::BFloat16* gain,
                           float r,
                           c10::BFloat16* dx,
                           int64_t n);

/// One head: y = x rotated by the angles whose cosines and sines are given,
/// sines times `sign` (-1 is the inverse); half = d / 2.
void rotate_head(const float* x,
                 const float* cos,
                 const float* sin,
                 float sign,
                 float* y,
                 int64_t half);
void rotate_head(const c10::BFloat16* x,
                 const float* cos,
                 const float* sin,
                 float sign,
                 c10::BFloat16* y,
                 int64_t half);

/// y = silu(gate) * up.
void swiglu(const float* gate, const float* up, float* y, int64_t n);
void swiglu(const c10::BFloat16* gate,
            const c10::BFloat16* up,
            c10::BFloat16* y,
            int64_t n);
/// Gradients of swiglu for gate and up.
void swiglu_backward(const float* dy,
                     const float* gate,
                     const float* up,
                     float* dgate,
                     float* dup,
                     int64_t n);
void swiglu_backward(const c10::BFloat16* dy,
                     const c10::BFloat16* gate,
                     const c10::BFloat16* up,
                     c10::BFloat16* dgate,
                     c10::BFloat16* dup,
                     int64_t n);

/// y = scale * x + shift.
void scale_and_shift(const float* x,
                     const float* scale,
                     const float* shift,
                     float* y,
                     int64_t n);
void scale_and_shift(const c10::BFloat16* x,
                     const float* scale,
                     const float* shift,
                     c10::BFloat16* y,
                     int64_t n);

/// Sum of a[i] * b[i].
float dot(const float* a, const float* b, int64_t n);
float dot(const float* a, const c10::BFloat16* b, int64_t n);

}  // namespace lineas::kernels
