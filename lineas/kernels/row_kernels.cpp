// Every loop is written once as an always-inline template over the element
// type, and instantiated below inside functions that the compiler clones for
// AVX-512, AVX2 and the baseline.
#include "lineas/kernels/row_kernels.h"

#include <bit>
#include <cmath>

#define LINEAS_INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LINEAS_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LINEAS_CLONES
#endif

namespace lineas::kernels {
namespace {

using Bits = Bfloat16Bits;

LINEAS_INLINE float load(float x) {
  return x;
}
LINEAS_INLINE float load(Bits x) {
  return std::bit_cast<float>(static_cast<uint32_t>(x) << 16);
}

LINEAS_INLINE void store(float value, float& out) {
  out = value;
}
// Round to nearest even; NaN stays NaN.
LINEAS_INLINE void store(float value, Bits& out) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  out = static_cast<Bits>(is_nan ? 0x7fc0u : rounded);
}

// exp by 2^n * polynomial (Cephes expf, relative error below 2e-7); branch free
// so that loops around it vectorise.
LINEAS_INLINE float fast_exp(float x) {
  x = x < -87.0f ? -87.0f : (x > 88.0f ? 88.0f : x);
  const float n = std::floor(x * 1.44269504f + 0.5f);
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float mantissa = p * r * r + r + 1.0f;
  const int32_t exponent = (static_cast<int32_t>(n) + 127) << 23;
  return mantissa * std::bit_cast<float>(exponent);
}

LINEAS_INLINE float sigmoid(float x) {
  return 1.0f / (1.0f + fast_exp(-x));
}

template <typename T>
LINEAS_INLINE float norm_row(
    const T* x, const T* gain, T* y, int64_t n, float eps) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += load(x[i]) * load(x[i]);
  const float r = 1.0f / std::sqrt(sum / static_cast<float>(n) + eps);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) store(load(x[i]) * r * load(gain[i]), y[i]);
  return r;
}

// With u = dy * gain: dx = r u - x r^3 mean(u x).
template <typename T>
LINEAS_INLINE void norm_row_backward(
    const T* dy, const T* x, const T* gain, float r, T* dx, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i)
    sum += load(dy[i]) * load(gain[i]) * load(x[i]);
  const float along = sum * r * r * r / static_cast<float>(n);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i)
    store(r * load(dy[i]) * load(gain[i]) - along * load(x[i]), dx[i]);
}

template <typename T>
LINEAS_INLINE void rotate(const T* x,
                          const float* cos,
                          const float* sin,
                          float sign,
                          T* y,
                          int64_t half) {
#pragma omp simd
  for (int64_t i = 0; i < half; ++i) {
    const float a = load(x[i]);
    const float b = load(x[i + half]);
    const float s = sign * sin[i];
    store(a * cos[i] - b * s, y[i]);
    store(b * cos[i] + a * s, y[i + half]);
  }
}

template <typename T>
LINEAS_INLINE void gated(const T* gate, const T* up, T* y, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float g = load(gate[i]);
    store(g * sigmoid(g) * load(up[i]), y[i]);
  }
}

template <typename T>
LINEAS_INLINE void gated_backward(
    const T* dy, const T* gate, const T* up, T* dgate, T* dup, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float g = load(gate[i]);
    const float d = load(dy[i]);
    const float s = sigmoid(g);
    store(d * g * s, dup[i]);
    store(d * load(up[i]) * s * (1.0f + g * (1.0f - s)), dgate[i]);
  }
}

template <typename T>
LINEAS_INLINE void affine(
    const T* x, const float* scale, const float* shift, T* y, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) store(load(x[i]) * scale[i] + shift[i], y[i]);
}

template <typename T>
LINEAS_INLINE float dot_product(const float* a, const T* b, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += a[i] * load(b[i]);
  return sum;
}

// Both rows at once: two streams from memory, far apart, hide each other's
// waiting.
template <typename T>
LINEAS_INLINE void dot_products(
    const float* a, const T* b, const T* c, int64_t n, float* sums) {
  float left = 0, right = 0;
#pragma omp simd reduction(+ : left, right)
  for (int64_t i = 0; i < n; ++i) {
    left += a[i] * load(b[i]);
    right += a[i] * load(c[i]);
  }
  sums[0] = left;
  sums[1] = right;
}

}  // namespace

#define LINEAS_INSTANTIATE(T)                                                 \
  LINEAS_CLONES float rms_norm_row(                                           \
      const T* x, const T* gain, T* y, int64_t n, float eps) {                \
    return norm_row(x, gain, y, n, eps);                                      \
  }                                                                           \
  LINEAS_CLONES void rms_norm_row_backward(                                   \
      const T* dy, const T* x, const T* gain, float r, T* dx, int64_t n) {    \
    norm_row_backward(dy, x, gain, r, dx, n);                                 \
  }                                                                           \
  LINEAS_CLONES void rotate_head(const T* x,                                  \
                                 const float* cos,                            \
                                 const float* sin,                            \
                                 float sign,                                  \
                                 T* y,                                        \
                                 int64_t half) {                              \
    rotate(x, cos, sin, sign, y, half);                                       \
  }                                                                           \
  LINEAS_CLONES void swiglu(const T* gate, const T* up, T* y, int64_t n) {    \
    gated(gate, up, y, n);                                                    \
  }                                                                           \
  LINEAS_CLONES void swiglu_backward(                                         \
      const T* dy, const T* gate, const T* up, T* dgate, T* dup, int64_t n) { \
    gated_backward(dy, gate, up, dgate, dup, n);                              \
  }                                                                           \
  LINEAS_CLONES void scale_and_shift(                                         \
      const T* x, const float* scale, const float* shift, T* y, int64_t n) {  \
    affine(x, scale, shift, y, n);                                            \
  }                                                                           \
  LINEAS_CLONES float dot(const float* a, const T* b, int64_t n) {            \
    return dot_product(a, b, n);                                              \
  }                                                                           \
  LINEAS_CLONES void two_dots(                                                \
      const float* a, const T* b, const T* c, int64_t n, float* sums) {       \
    dot_products(a, b, c, n, sums);                                           \
  }

LINEAS_INSTANTIATE(float)
LINEAS_INSTANTIATE(Bits)
#undef LINEAS_INSTANTIATE

}  // namespace lineas::kernels
