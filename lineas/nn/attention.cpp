#include "lineas/nn/attention.h"

#include "lineas/kernels/fused.h"

namespace lineas {

Tensor attend(const Tensor& q_SHd,
              const Tensor& k_SKd,
              const Tensor& v_SKd,
              const AttentionCore& core,
              const AttentionCall& call,
              int64_t layer) {
  const RowLayout& layout = call.layout;
  const Tensor q_BTHd = layout.to_grid(q_SHd);
  Tensor k_BLKd = layout.to_grid(k_SKd);
  Tensor v_BLKd = layout.to_grid(v_SKd);
  if (call.cache != nullptr) {
    const auto held = call.cache->append(layer, k_BLKd, v_BLKd, layout);
    k_BLKd = held.first.transpose(1, 2);
    v_BLKd = held.second.transpose(1, 2);
  }
  AttentionOptions options{.scale = core.scale, .soft_cap = core.soft_cap};
  options.causal = layout.sees_just_its_past(core.window);
  if (!options.causal)
    options.mask = layout.mask(core.window, q_SHd.scalar_type());
  const Tensor o_BTHd = attend(q_BTHd, k_BLKd, v_BLKd, options);
  return layout.to_packed(o_BTHd.flatten(2));
}

GroupedAttention::GroupedAttention(const WeightScope& scope,
                                   const AttentionConfig& config,
                                   int64_t layer)
    : config_(config),
      layer_(layer),
      site_(scope.site(config.width)),
      q_proj_(scope / "q_proj",
              config.width,
              config.heads * config.head_width,
              config.qkv_bias),
      k_proj_(scope / "k_proj",
              config.width,
              config.kv_heads * config.head_width,
              config.qkv_bias),
      v_proj_(scope / "v_proj",
              config.width,
              config.kv_heads * config.head_width,
              config.qkv_bias),
      o_proj_(scope / "o_proj",
              config.heads * config.head_width,
              config.width,
              config.output_bias) {
  if (!config.head_norm_eps) return;
  q_norm_ = RmsNorm::over_heads(
      scope / "q_norm", config.heads, config.head_width, *config.head_norm_eps);
  k_norm_ = RmsNorm::over_heads(scope / "k_norm",
                                config.kv_heads,
                                config.head_width,
                                *config.head_norm_eps);
}

Tensor GroupedAttention::operator()(const Tensor& x_SD,
                                    const AttentionCall& call,
                                    Pass& pass) const {
  const int64_t d = config_.head_width;
  const auto as_heads = [d](const Tensor& x) {
    return x.view({x.size(0), -1, d});
  };
  Tensor q_SHd = as_heads(q_proj_(x_SD, pass));
  if (q_norm_) q_SHd = q_norm_->of_heads(q_SHd, pass);
  Tensor k_SKd = as_heads(k_proj_(x_SD, pass));
  if (k_norm_) k_SKd = k_norm_->of_heads(k_SKd, pass);
  const Tensor v_SKd = as_heads(v_proj_(x_SD, pass));
  q_SHd = rotate(q_SHd, call.angles.cos_Sd2, call.angles.sin_Sd2);
  k_SKd = rotate(k_SKd, call.angles.cos_Sd2, call.angles.sin_Sd2);
  const Tensor o_SD = attend(q_SHd, k_SKd, v_SKd, config_.core, call, layer_);
  return pass.visit(site_, o_proj_(o_SD, pass));
}

}  // namespace lineas
