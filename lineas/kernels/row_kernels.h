// Plain loops over rows of floats or bfloat16, compiled for several instruction
// sets and chosen at run time. No autograd, no threads, no shapes: fused.cpp
// and product.cpp bring those.
#pragma once

#include <cstdint>

namespace lineas::kernels {

/// A bfloat16 as its bits: loops over structs do not vectorise.
using Bfloat16Bits = uint16_t;

/// y = x * r * gain with r = 1 / sqrt(mean(x^2) + eps); returns r.
float rms_norm_row(
    const float* x, const float* gain, float* y, int64_t n, float eps);
float rms_norm_row(const Bfloat16Bits* x,
                   const Bfloat16Bits* gain,
                   Bfloat16Bits* y,
                   int64_t n,
                   float eps);

/// dx of rms_norm_row for the output gradient dy.
void rms_norm_row_backward(const float* dy,
                           const float* x,
                           const float* gain,
                           float r,
                           float* dx,
                           int64_t n);
void rms_norm_row_backward(const Bfloat16Bits* dy,
                           const Bfloat16Bits* x,
                           const Bfloat16Bits* gain,
                           float r,
                           Bfloat16Bits* dx,
                           int64_t n);

/// One head: y = x rotated by the angles whose cosines and sines are given,
/// sines times `sign` (-1 is the inverse); half = d / 2.
void rotate_head(const float* x,
                 const float* cos,
                 const float* sin,
                 float sign,
                 float* y,
                 int64_t half);
void rotate_head(const Bfloat16Bits* x,
                 const float* cos,
                 const float* sin,
                 float sign,
                 Bfloat16Bits* y,
                 int64_t half);

/// y = silu(gate) * up.
void swiglu(const float* gate, const float* up, float* y, int64_t n);
void swiglu(const Bfloat16Bits* gate,
            const Bfloat16Bits* up,
            Bfloat16Bits* y,
            int64_t n);
/// Gradients of swiglu for gate and up.
void swiglu_backward(const float* dy,
                     const float* gate,
                     const float* up,
                     float* dgate,
                     float* dup,
                     int64_t n);
void swiglu_backward(const Bfloat16Bits* dy,
                     const Bfloat16Bits* gate,
                     const Bfloat16Bits* up,
                     Bfloat16Bits* dgate,
                     Bfloat16Bits* dup,
                     int64_t n);

/// y = scale * x + shift.
void scale_and_shift(const float* x,
                     const float* scale,
                     const float* shift,
                     float* y,
                     int64_t n);
void scale_and_shift(const Bfloat16Bits* x,
                     const float* scale,
                     const float* shift,
                     Bfloat16Bits* y,
                     int64_t n);

/// Sum of a[i] * b[i].
float dot(const float* a, const float* b, int64_t n);
float dot(const float* a, const Bfloat16Bits* b, int64_t n);

/// The dot products of a with b and with c.
void two_dots(
    const float* a, const float* b, const float* c, int64_t n, float* sums);
void two_dots(const float* a,
              const Bfloat16Bits* b,
              const Bfloat16Bits* c,
              int64_t n,
              float* sums);

}  // namespace lineas::kernels
