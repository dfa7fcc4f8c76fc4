// The loops at every length around their vector widths, so that no tail is
// lost and none runs over.
#include "lineas/kernels/row_kernels.h"

#include <c10/util/BFloat16.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace lineas::kernels {
namespace {

constexpr int64_t kLongest = 70;
constexpr float kGuard = 12345.f;

template <typename T>
std::vector<T> random_row(uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<T> row;
  for (int64_t i = 0; i < kLongest; ++i) row.push_back(T(normal(engine)));
  return row;
}

float* raw(std::vector<float>& row) {
  return row.data();
}
Bfloat16Bits* raw(std::vector<c10::BFloat16>& row) {
  return reinterpret_cast<Bfloat16Bits*>(row.data());
}

template <typename T>
class RowKernels : public ::testing::Test {
 protected:
  // y holds n results, then what was there before.
  void expect_row(const std::vector<T>& y,
                  const std::vector<double>& golden,
                  int64_t n) {
    const double bar = sizeof(T) == 2 ? 1e-2 : 1e-5;
    for (int64_t i = 0; i < n; ++i)
      ASSERT_NEAR(static_cast<float>(y[i]),
                  golden[i],
                  bar * std::max(1.0, std::abs(golden[i])))
          << i << " of " << n;
    for (int64_t i = n; i < kLongest; ++i)
      ASSERT_EQ(static_cast<float>(y[i]), static_cast<float>(T(kGuard)));
  }

  std::vector<T> a_ = random_row<T>(1), b_ = random_row<T>(2);
  std::vector<float> scale_ = random_row<float>(3);
  std::vector<float> shift_ = random_row<float>(4);
};

using Types = ::testing::Types<float, c10::BFloat16>;
TYPED_TEST_SUITE(RowKernels, Types);

TYPED_TEST(RowKernels, RmsNorm) {
  for (int64_t n = 1; n <= kLongest; ++n) {
    std::vector<TypeParam> y(kLongest, TypeParam(kGuard));
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += std::pow(double(this->a_[i]), 2);
    const double r = 1 / std::sqrt(sum / double(n) + 1e-5);
    std::vector<double> golden;
    for (int64_t i = 0; i < n; ++i)
      golden.push_back(double(this->a_[i]) * r * double(this->b_[i]));
    EXPECT_NEAR(rms_norm_row(raw(this->a_), raw(this->b_), raw(y), n, 1e-5f),
                r,
                1e-5 * r);
    this->expect_row(y, golden, n);
  }
}

TYPED_TEST(RowKernels, ScaleAndShift) {
  for (int64_t n = 1; n <= kLongest; ++n) {
    std::vector<TypeParam> y(kLongest, TypeParam(kGuard));
    std::vector<double> golden;
    for (int64_t i = 0; i < n; ++i)
      golden.push_back(double(this->a_[i]) * this->scale_[i] + this->shift_[i]);
    scale_and_shift(
        raw(this->a_), this->scale_.data(), this->shift_.data(), raw(y), n);
    this->expect_row(y, golden, n);
  }
}

TYPED_TEST(RowKernels, SwiGlu) {
  for (int64_t n = 1; n <= kLongest; ++n) {
    std::vector<TypeParam> y(kLongest, TypeParam(kGuard));
    std::vector<double> golden;
    for (int64_t i = 0; i < n; ++i) {
      const double gate = double(this->a_[i]);
      golden.push_back(gate / (1 + std::exp(-gate)) * double(this->b_[i]));
    }
    swiglu(raw(this->a_), raw(this->b_), raw(y), n);
    this->expect_row(y, golden, n);
  }
}

TYPED_TEST(RowKernels, Dot) {
  for (int64_t n = 0; n <= kLongest; ++n) {
    double golden = 0;
    for (int64_t i = 0; i < n; ++i)
      golden += double(this->scale_[i]) * double(this->b_[i]);
    EXPECT_NEAR(dot(this->scale_.data(), raw(this->b_), n), golden, 1e-4);
    float sums[2];
    two_dots(this->scale_.data(), raw(this->a_), raw(this->b_), n, sums);
    EXPECT_NEAR(sums[0], dot(this->scale_.data(), raw(this->a_), n), 1e-4);
    EXPECT_NEAR(sums[1], golden, 1e-4);
  }
}

TYPED_TEST(RowKernels, RotationKeepsLengthsAndTurnsBack) {
  constexpr int64_t kHalf = 35;
  std::vector<float> cos, sin;
  for (int64_t i = 0; i < kHalf; ++i) {
    cos.push_back(std::cos(this->scale_[i]));
    sin.push_back(std::sin(this->scale_[i]));
  }
  std::vector<TypeParam> y(kLongest), back(kLongest);
  rotate_head(raw(this->a_), cos.data(), sin.data(), 1, raw(y), kHalf);
  rotate_head(raw(y), cos.data(), sin.data(), -1, raw(back), kHalf);
  const std::vector<double> golden(this->a_.begin(), this->a_.end());
  this->expect_row(back, golden, kLongest);
  EXPECT_NEAR(double(y[0]),
              golden[0] * cos[0] - golden[kHalf] * sin[0],
              sizeof(TypeParam) == 2 ? 2e-2 : 1e-5);
}

TEST(RowKernels, BFloat16RoundsToNearestEven) {
  std::vector<c10::BFloat16> one{1.f}, y{0.f};
  const float zero = 0;
  // 1 + 2^-8 lies between 1 and the next bfloat16: even is 1.
  for (const auto& [scale, golden] : {std::pair(1.f + 0x1p-8f, 1.f),
                                      {1.f + 0x1.8p-8f, 1.f + 0x1p-7f},
                                      {1.f + 0x1.8p-7f, 1.f + 0x1p-6f}}) {
    scale_and_shift(raw(one), &scale, &zero, raw(y), 1);
    EXPECT_EQ(static_cast<float>(y[0]), golden);
  }
}

}  // namespace
}  // namespace lineas::kernels
