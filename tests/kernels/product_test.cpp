// x W^T + bias by each of its ways, against a product in float64: values, the
// gradient for x, strided and transposed weights.
#include "lineas/kernels/product.h"

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace lineas {
namespace {

using testing::error_of;

Tensor plain_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y = at::mm(x.to(at::kDouble), weight.to(at::kDouble).t());
  return bias.defined() ? y + bias.to(at::kDouble) : y;
}

// Few rows take the thin path, many the matrix product.
TEST(Product, ThinAndWideAgreeWithAPlainProduct) {
  at::manual_seed(5);
  for (const auto& [type, bar] :
       {std::pair(at::kFloat, 1e-5), {at::kBFloat16, 1e-2}})
    for (int64_t rows : {1, 2, 7, 8, 9, 40}) {
      const Tensor weight_OI = at::randn({19, 33}).to(type) / 6;
      const Tensor bias_O = at::randn({19}).to(type);
      const Tensor x_SI = at::randn({rows, 33}).to(type);
      for (const Tensor& bias : {bias_O, Tensor()}) {
        const Tensor y_SO = linear(x_SI, weight_OI, bias);
        EXPECT_EQ(y_SO.scalar_type(), type);
        EXPECT_LE(error_of(y_SO, plain_linear(x_SI, weight_OI, bias)), bar)
            << rows << " rows";
      }
    }
}

TEST(Product, ThinTakesStridedInput) {
  const Tensor weight_OI = at::randn({4, 6});
  const Tensor x_SI = at::randn({6, 3}).t();
  EXPECT_LE(error_of(linear(x_SI, weight_OI, Tensor()),
                     plain_linear(x_SI, weight_OI, Tensor())),
            1e-5);
}

// [I], [B, T, I] and more, by the thin way and the others.
TEST(Product, TakesAnyLeadingDimensions) {
  const Tensor weight_OI = at::randn({4, 6}), bias_O = at::randn({4});
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{6},
                                            {0, 6},
                                            {2, 3, 6},
                                            {5, 7, 6},
                                            {2, 0, 6},
                                            {2, 3, 5, 6}}) {
    Tensor x = at::randn(shape);
    const Tensor golden = plain_linear(x.view({-1, 6}), weight_OI, bias_O);
    Tensor y = linear(x, weight_OI, bias_O);
    EXPECT_EQ(y.sizes().slice(0, x.dim() - 1), x.sizes().slice(0, x.dim() - 1));
    EXPECT_EQ(y.size(-1), 4);
    if (x.numel() > 0) {
      EXPECT_LE(error_of(y.view({-1, 4}), golden), 1e-5);
    }
    x.requires_grad_(true);
    linear(x, weight_OI, bias_O).sum().backward();
    EXPECT_TRUE(at::allclose(x.grad(), weight_OI.sum(0).expand(shape)));
  }
}

TEST(Product, GradientReachesTheInputOfAFewRows) {
  const Tensor weight_OI = at::randn({4, 6});
  Tensor x_SI = at::randn({2, 6});
  x_SI.requires_grad_(true);
  linear(x_SI, weight_OI, Tensor()).sum().backward();
  const Tensor golden = weight_OI.sum(0).expand({2, 6});
  EXPECT_LE(error_of(x_SI.grad(), golden), 1e-5);
}

// Large enough for oneDNN: 130 x 512 x 520.
TEST(Product, LargeFloatProductsAndTheirGradients) {
  at::manual_seed(6);
  const Tensor stored_OI = at::randn({520, 512}) / 20;
  const Tensor bias_O = at::randn({520});
  for (const Tensor& weight_OI : {stored_OI, stored_OI.t().contiguous().t()})
    for (const Tensor& bias : {bias_O, Tensor()}) {
      Tensor x_SI = at::randn({512, 130}).t();
      x_SI = x_SI.detach().requires_grad_(true);
      const Tensor y_SO = linear(x_SI, weight_OI, bias);
      EXPECT_LE(error_of(y_SO, plain_linear(x_SI, weight_OI, bias)), 1e-5);
      const Tensor dy_SO = at::randn_like(y_SO);
      y_SO.backward(dy_SO);
      const Tensor golden =
          at::mm(dy_SO.to(at::kDouble), stored_OI.to(at::kDouble));
      EXPECT_LE(error_of(x_SI.grad(), golden), 1e-5);
      const c10::NoGradGuard no_gradients;
      EXPECT_TRUE(at::equal(linear(x_SI, weight_OI, bias), y_SO))
          << "without a graph";
    }
}

}  // namespace
}  // namespace lineas
