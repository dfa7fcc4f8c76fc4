#include "lineas/nn/attention.h"

#include "lineas/kernels/fused.h"

namespace lineas {
namespace {

std::optional<RmsNorm> make_norm(const WeightScope& scope,
                                 const AttentionConfig& config,
                                 int64_t heads) {
  const auto [kind, eps] = config.norm;
  if (kind == QkNorm::none) return std::nullopt;
  if (kind == QkNorm::whole)
    return RmsNorm(scope, heads * config.head_width, eps);
  return RmsNorm::over_heads(
      scope, heads, config.head_width, eps, kind == QkNorm::heads_minus_one);
}

}  // namespace

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
  q_norm_ = make_norm(scope / "q_norm", config, config.heads);
  k_norm_ = make_norm(scope / "k_norm", config, config.kv_heads);
}

// The queries, or keys, of x_SD as heads, with their norm where there is one.
Tensor GroupedAttention::normed(const std::optional<RmsNorm>& norm,
                                const Tensor& x_SD,
                                Pass& pass) const {
  const std::vector<int64_t> heads = {x_SD.size(0), -1, config_.head_width};
  if (!norm) return x_SD.view(heads);
  if (config_.norm.kind == QkNorm::whole)
    return (*norm)(x_SD, pass).view(heads);
  return norm->of_heads(x_SD.view(heads), pass);
}

Tensor GroupedAttention::operator()(const Tensor& x_SD,
                                    const AttentionCall& call,
                                    Pass& pass) const {
  const Tensor q_SHd = normed(q_norm_, q_proj_(x_SD, pass), pass);
  const Tensor k_SKd = normed(k_norm_, k_proj_(x_SD, pass), pass);
  const Tensor v_SKd =
      v_proj_(x_SD, pass).view({x_SD.size(0), -1, config_.head_width});
  const Tensor o_SD = attend(rotate_part(q_SHd, call.angles),
                             rotate_part(k_SKd, call.angles),
                             v_SKd,
                             config_.core,
                             call,
                             layer_);
  return pass.visit(site_, o_proj_(o_SD, pass));
}

}  // namespace lineas
