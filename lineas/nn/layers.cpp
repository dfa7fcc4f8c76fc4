#include "lineas/nn/layers.h"

#include <ATen/Parallel.h>

#include "lineas/base/error.h"
#include "lineas/nn/fused.h"
#include "lineas/nn/row_kernels.h"

namespace lineas {
namespace {

// Up to here one pass over the weights beats a matrix product (bench/decode).
constexpr int64_t kThinRows = 8;

bool is_thin(const Tensor& x_SI, const Tensor& weight_OI) {
  const at::ScalarType type = weight_OI.scalar_type();
  return x_SI.size(0) <= kThinRows && x_SI.is_cpu() &&
         !(c10::GradMode::is_enabled() && x_SI.requires_grad()) &&
         (type == at::kFloat || type == at::kBFloat16) &&
         weight_OI.is_contiguous();
}

template <typename T>
void thin_product(const Tensor& x_SI, const Tensor& weight_OI, Tensor& y_SO) {
  const int64_t rows = x_SI.size(0), in = x_SI.size(1), out = y_SO.size(1);
  const float* x = x_SI.const_data_ptr<float>();
  const T* weight = static_cast<const T*>(weight_OI.const_data_ptr());
  float* y = y_SO.data_ptr<float>();
  const int64_t grain = std::max<int64_t>(1, (1 << 15) / in);
  at::parallel_for(0, out, grain, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o)
      for (int64_t s = 0; s < rows; ++s)
        y[s * out + o] = kernels::dot(x + s * in, weight + o * in, in);
  });
}

Tensor thin_linear(const Tensor& x_SI,
                   const Tensor& weight_OI,
                   const Tensor& bias_O) {
  const Tensor wide_SI = x_SI.to(at::kFloat).contiguous();
  Tensor y_SO = at::empty({x_SI.size(0), weight_OI.size(0)}, at::kFloat);
  if (weight_OI.scalar_type() == at::kFloat)
    thin_product<float>(wide_SI, weight_OI, y_SO);
  else
    thin_product<kernels::Bfloat16Bits>(wide_SI, weight_OI, y_SO);
  if (bias_O.defined()) y_SO.add_(bias_O);
  return y_SO.to(x_SI.scalar_type());
}

}  // namespace

Tensor linear(const Tensor& x_SI,
              const Tensor& weight_OI,
              const Tensor& bias_O) {
  if (is_thin(x_SI, weight_OI)) return thin_linear(x_SI, weight_OI, bias_O);
  if (bias_O.defined()) return at::addmm(bias_O, x_SI, weight_OI.t());
  return at::mm(x_SI, weight_OI.t());
}

Linear::Linear(const WeightScope& scope, int64_t in, int64_t out, bool has_bias)
    : site_(scope.site(out)), weight_OI_(scope.weight("weight", {out, in})) {
  if (has_bias) bias_O_ = scope.weight("bias", {out});
}

Linear Linear::transposed(const WeightScope& scope, int64_t in, int64_t out) {
  const SiteIndex site = scope.site(out);
  return Linear(
      site, scope.weight("weight", {in, out}).t(), scope.weight("bias", {out}));
}

Linear Linear::tied(const WeightScope& scope, const Embedding& table) {
  const Tensor& weight_VD = table.weight_VD();
  return Linear(scope.site(weight_VD.size(0)), weight_VD, Tensor());
}

Tensor Linear::operator()(const Tensor& x_SI, Pass& pass) const {
  return pass.visit(site_, linear(x_SI, weight_OI_, bias_O_));
}

Embedding::Embedding(const WeightScope& scope,
                     int64_t vocabulary,
                     int64_t width)
    : site_(scope.site(width)),
      weight_VD_(scope.weight("weight", {vocabulary, width})) {}

Tensor Embedding::operator()(const Tensor& ids_S, Pass& pass) const {
  const int64_t least = ids_S.min().item<int64_t>();
  const int64_t most = ids_S.max().item<int64_t>();
  if (least < 0 || most >= weight_VD_.size(0))
    fail(ErrorKind::usage,
         "token id {} is outside the vocabulary of {} tokens. Does the "
         "tokenizer belong to this model?",
         least < 0 ? least : most,
         weight_VD_.size(0));
  return pass.visit(site_, at::embedding(weight_VD_, ids_S));
}

RmsNorm::RmsNorm(const WeightScope& scope,
                 int64_t width,
                 double eps,
                 bool stored_minus_one)
    : site_(scope.site(width)),
      gain_D_(scope.weight("weight", {width})),
      eps_(eps) {
  if (stored_minus_one) gain_D_ = gain_D_ + 1;
}

RmsNorm RmsNorm::over_heads(const WeightScope& scope,
                            int64_t heads,
                            int64_t head_width,
                            double eps) {
  const SiteIndex site = scope.site(heads * head_width);
  return RmsNorm(site, scope.weight("weight", {head_width}), eps);
}

Tensor RmsNorm::operator()(const Tensor& x_SD, Pass& pass) const {
  return pass.visit(site_, rms_norm(x_SD, gain_D_, eps_));
}

Tensor RmsNorm::of_heads(const Tensor& x_SHd, Pass& pass) const {
  const Tensor y_SD = rms_norm(x_SHd, gain_D_, eps_).flatten(1);
  return pass.visit(site_, y_SD).view(x_SHd.sizes());
}

LayerNorm::LayerNorm(const WeightScope& scope, int64_t width, double eps)
    : site_(scope.site(width)),
      gain_D_(scope.weight("weight", {width})),
      bias_D_(scope.weight("bias", {width})),
      eps_(eps) {}

Tensor LayerNorm::operator()(const Tensor& x_SD, Pass& pass) const {
  const Tensor y_SD =
      at::layer_norm(x_SD, {x_SD.size(-1)}, gain_D_, bias_D_, eps_);
  return pass.visit(site_, y_SD);
}

}  // namespace lineas
