#include "lineas/kernels/product.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "lineas/kernels/row_kernels.h"

namespace lineas {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Up to here one pass over the weights beats a matrix product (bench/decode).
constexpr int64_t kThinRows = 8;

bool needs_gradient(const Tensor& x) {
  return c10::GradMode::is_enabled() && x.requires_grad();
}

bool is_thin(const Tensor& x_SI, const Tensor& weight_OI) {
  const at::ScalarType type = weight_OI.scalar_type();
  return x_SI.size(0) <= kThinRows && x_SI.is_cpu() && !needs_gradient(x_SI) &&
         (type == at::kFloat || type == at::kBFloat16) &&
         x_SI.scalar_type() == type && weight_OI.is_contiguous();
}

// The type by which the kernels know an element.
const float* bits(const float* x) {
  return x;
}
const kernels::Bfloat16Bits* bits(const at::BFloat16* x) {
  return reinterpret_cast<const kernels::Bfloat16Bits*>(x);
}

// One pass over the weights, sums in float32, rounded once. Every thread reads
// its rows as two streams, from their beginning and from their middle.
template <typename T>
Tensor thin_product(const Tensor& x_SI,
                    const Tensor& weight_OI,
                    const Tensor& bias_O) {
  const Tensor wide_SI = x_SI.to(at::kFloat).contiguous();
  Tensor y_SO =
      at::empty({x_SI.size(0), weight_OI.size(0)}, weight_OI.options());
  const int64_t rows = x_SI.size(0), in = x_SI.size(1), out = y_SO.size(1);
  const float* x = wide_SI.const_data_ptr<float>();
  const auto* weight = bits(weight_OI.const_data_ptr<T>());
  const T* bias = bias_O.defined() ? bias_O.const_data_ptr<T>() : nullptr;
  T* y = y_SO.mutable_data_ptr<T>();
  const auto put = [&](int64_t s, int64_t o, float sum) {
    y[s * out + o] = bias != nullptr ? sum + static_cast<float>(bias[o]) : sum;
  };
  const int64_t grain = std::max<int64_t>(1, (1 << 15) / in);
  at::parallel_for(0, out, grain, [&](int64_t begin, int64_t end) {
    const int64_t half = (end - begin) / 2;
    for (int64_t o = begin; o < begin + half; ++o)
      for (int64_t s = 0; s < rows; ++s) {
        float sums[2];
        kernels::two_dots(
            x + s * in, weight + o * in, weight + (o + half) * in, in, sums);
        put(s, o, sums[0]);
        put(s, o + half, sums[1]);
      }
    for (int64_t o = begin + 2 * half; o < end; ++o)
      for (int64_t s = 0; s < rows; ++s)
        put(s, o, kernels::dot(x + s * in, weight + o * in, in));
  });
  return y_SO;
}

Tensor thin_linear(const Tensor& x_SI,
                   const Tensor& weight_OI,
                   const Tensor& bias_O) {
  return weight_OI.scalar_type() == at::kFloat
             ? thin_product<float>(x_SI, weight_OI, bias_O)
             : thin_product<at::BFloat16>(x_SI, weight_OI, bias_O);
}

// oneDNN beats the BLAS behind at::mm in float32, the more the fewer the rows:
// 1.1 times at 1057 rows, 1.3 at 132 (bench/products). Smaller products
// would not pay for the code that it makes anew for every shape.
constexpr int64_t kOneDnnRows = 64;
constexpr double kOneDnnMultiplications = 1 << 25;

using OneDnnLinear = Tensor(const Tensor&,
                            const Tensor&,
                            const std::optional<Tensor>&,
                            std::string_view,
                            c10::List<std::optional<at::Scalar>>,
                            std::optional<std::string_view>);

// oneDNN's product as LibTorch offers it, or none where it was built without.
const std::optional<c10::TypedOperatorHandle<OneDnnLinear>>& one_dnn() {
  static const auto found =
      []() -> std::optional<c10::TypedOperatorHandle<OneDnnLinear>> {
    if (!at::hasMKLDNN()) return std::nullopt;
    const auto handle = c10::Dispatcher::singleton().findSchema(
        {"mkldnn::_linear_pointwise", ""});
    if (!handle) return std::nullopt;
    return handle->typed<OneDnnLinear>();
  }();
  return found;
}

bool is_for_one_dnn(const Tensor& x_SI, const Tensor& weight_OI) {
  return x_SI.scalar_type() == at::kFloat && x_SI.is_cpu() &&
         x_SI.size(0) >= kOneDnnRows &&
         static_cast<double>(x_SI.size(0)) *
                 static_cast<double>(weight_OI.numel()) >=
             kOneDnnMultiplications &&
         one_dnn().has_value();
}

Tensor one_dnn_product(const Tensor& x_SI,
                       const Tensor& weight_OI,
                       const std::optional<Tensor>& bias_O) {
  return one_dnn()->call(x_SI.contiguous(),
                         weight_OI,
                         bias_O,
                         "none",
                         c10::List<std::optional<at::Scalar>>(),
                         std::nullopt);
}

struct OneDnnProduct : Function<OneDnnProduct> {
  static Tensor forward(AutogradContext* context,
                        const Tensor& x_SI,
                        const Tensor& weight_OI,
                        const std::optional<Tensor>& bias_O) {
    context->save_for_backward({weight_OI});
    return one_dnn_product(x_SI, weight_OI, bias_O);
  }
  static variable_list backward(AutogradContext* context,
                                variable_list gradients) {
    const Tensor weight_OI = context->get_saved_variables()[0];
    return {one_dnn_product(gradients[0], weight_OI.t(), std::nullopt),
            Tensor(),
            Tensor()};
  }
};

Tensor product_2d(const Tensor& x_SI,
                  const Tensor& weight_OI,
                  const Tensor& bias_O) {
  if (is_thin(x_SI, weight_OI)) return thin_linear(x_SI, weight_OI, bias_O);
  if (is_for_one_dnn(x_SI, weight_OI))
    return OneDnnProduct::apply(
        x_SI,
        weight_OI,
        bias_O.defined() ? std::optional(bias_O) : std::nullopt);
  if (bias_O.defined()) return at::addmm(bias_O, x_SI, weight_OI.t());
  return at::mm(x_SI, weight_OI.t());
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight_OI, const Tensor& bias_O) {
  if (x.dim() == 2) return product_2d(x, weight_OI, bias_O);
  std::vector<int64_t> shape = x.sizes().vec();
  const Tensor x_SI = x.reshape({-1, shape.back()});
  shape.back() = weight_OI.size(0);
  return product_2d(x_SI, weight_OI, bias_O).view(shape);
}

}  // namespace lineas
