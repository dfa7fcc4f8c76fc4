#include "lineas/nn/layers.h"

#include "lineas/base/error.h"
#include "lineas/kernels/fused.h"
#include "lineas/kernels/product.h"

namespace lineas {

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

Tensor Linear::operator()(const Tensor& x, Pass& pass) const {
  return pass.visit(site_, linear(x, weight_OI_, bias_O_));
}

Embedding::Embedding(const WeightScope& scope,
                     int64_t vocabulary,
                     int64_t width,
                     double factor)
    : site_(scope.site(width)),
      weight_VD_(scope.weight("weight", {vocabulary, width})),
      factor_(factor) {}

Tensor Embedding::operator()(const Tensor& ids, Pass& pass) const {
  const int64_t least = ids.min().item<int64_t>();
  const int64_t most = ids.max().item<int64_t>();
  if (least < 0 || most >= weight_VD_.size(0))
    fail(ErrorKind::usage,
         "token id {} is outside the vocabulary of {} tokens. Does the "
         "tokenizer belong to this model?",
         least < 0 ? least : most,
         weight_VD_.size(0));
  Tensor x = at::embedding(weight_VD_, ids);
  if (factor_ != 1) x = x * at::scalar_tensor(factor_, x.options());
  return pass.visit(site_, x);
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
                            double eps,
                            bool stored_minus_one) {
  const SiteIndex site = scope.site(heads * head_width);
  const Tensor stored = scope.weight("weight", {head_width});
  return RmsNorm(site, stored_minus_one ? stored + 1 : stored, eps);
}

Tensor RmsNorm::operator()(const Tensor& x, Pass& pass) const {
  return pass.visit(site_, rms_norm(x, gain_D_, eps_));
}

Tensor RmsNorm::of_heads(const Tensor& x, Pass& pass) const {
  const Tensor side_by_side = rms_norm(x, gain_D_, eps_).flatten(-2);
  return pass.visit(site_, side_by_side).view(x.sizes());
}

LayerNorm::LayerNorm(const WeightScope& scope, int64_t width, double eps)
    : site_(scope.site(width)),
      gain_D_(scope.weight("weight", {width})),
      bias_D_(scope.weight("bias", {width})),
      eps_(eps) {}

LayerNorm LayerNorm::without_gain(const WeightScope& scope,
                                  int64_t width,
                                  double eps) {
  return LayerNorm(scope.site(width), eps);
}

Tensor LayerNorm::operator()(const Tensor& x, Pass& pass) const {
  return pass.visit(site_,
                    at::layer_norm(x, {x.size(-1)}, gain_D_, bias_D_, eps_));
}

}  // namespace lineas
