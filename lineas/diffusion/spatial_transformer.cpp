#include "lineas/diffusion/spatial_transformer.h"

#include <cmath>
#include <optional>

namespace lineas {
namespace {

constexpr double kLayerNormEps = 1e-5;
constexpr double kGroupNormEps = 1e-6;  // not the config's norm_eps

CrossAttentionConfig attention_config(const TransformerConfig& config,
                                      bool sees_text) {
  return {.width = config.inner(),
          .context_width = sees_text ? config.text_width : config.inner(),
          .inner = config.inner(),
          .heads = config.heads,
          .upcasts = config.upcasts};
}

std::vector<TransformerBlock> make_transformer_blocks(
    const WeightScope& scope, const TransformerConfig& config) {
  std::vector<TransformerBlock> blocks;
  for (int64_t i = 0; i < config.depth; ++i)
    blocks.emplace_back(scope / i, config);
  return blocks;
}

// The first half of the projection is the value, the second the gate.
Tensor geglu(const Tensor& x_BTF) {
  const std::vector<Tensor> halves = x_BTF.chunk(2, -1);
  return halves[0] * at::gelu(halves[1]);
}

}  // namespace

CrossAttentionHeads::CrossAttentionHeads(const WeightScope& scope,
                                         const CrossAttentionConfig& config)
    : config_(config),
      to_q_(scope / "to_q", config.width, config.inner, config.qkv_bias),
      to_k_(
          scope / "to_k", config.context_width, config.inner, config.qkv_bias),
      to_v_(
          scope / "to_v", config.context_width, config.inner, config.qkv_bias),
      to_out_(scope / "to_out" / 0, config.inner, config.width, true) {}

Tensor CrossAttentionHeads::operator()(const Tensor& x_BTD,
                                       const Tensor& context_BLD,
                                       Pass& pass) const {
  const bool widens =
      config_.upcasts && x_BTD.scalar_type() == at::ScalarType::Half;
  const auto heads_of = [&](const Tensor& y) {
    const Tensor heads = y.unflatten(-1, at::IntArrayRef{config_.heads, -1});
    return widens ? heads.to(at::kFloat) : heads;
  };
  const Tensor q_BTHd = heads_of(to_q_(x_BTD, pass));
  const Tensor k_BLHd = heads_of(to_k_(context_BLD, pass));
  const Tensor v_BLHd = heads_of(to_v_(context_BLD, pass));
  const auto head_width = static_cast<double>(config_.inner / config_.heads);
  const Tensor o_BTHd =
      attend(q_BTHd, k_BLHd, v_BLHd, {.scale = 1 / std::sqrt(head_width)});
  return to_out_(o_BTHd.flatten(2).to(x_BTD.scalar_type()), pass);
}

TransformerBlock::TransformerBlock(const WeightScope& scope,
                                   const TransformerConfig& config)
    : only_cross_attention_(config.only_cross_attention),
      site_(scope.site(config.inner())),
      norm1_(scope / "norm1", config.inner(), kLayerNormEps),
      attn1_site_((scope / "attn1").site(config.inner())),
      attn1_(scope / "attn1",
             attention_config(config, config.only_cross_attention)),
      norm2_(scope / "norm2", config.inner(), kLayerNormEps),
      attn2_site_((scope / "attn2").site(config.inner())),
      attn2_(scope / "attn2", attention_config(config, true)),
      norm3_(scope / "norm3", config.inner(), kLayerNormEps),
      ff_site_((scope / "ff").site(config.inner())),
      geglu_site_((scope / "ff" / "net" / 0).site(4 * config.inner())),
      ff_in_(scope / "ff" / "net" / 0 / "proj",
             config.inner(),
             8 * config.inner(),
             true),
      ff_out_(
          scope / "ff" / "net" / 2, 4 * config.inner(), config.inner(), true) {}

Tensor TransformerBlock::operator()(Tensor x_BTD,
                                    const Tensor& text_BLD,
                                    Pass& pass) const {
  Tensor y_BTD = norm1_(x_BTD, pass);
  const Tensor& seen = only_cross_attention_ ? text_BLD : y_BTD;
  x_BTD = pass.visit(attn1_site_, attn1_(y_BTD, seen, pass)) + x_BTD;
  y_BTD = norm2_(x_BTD, pass);
  x_BTD = pass.visit(attn2_site_, attn2_(y_BTD, text_BLD, pass)) + x_BTD;
  y_BTD = ff_in_(norm3_(x_BTD, pass), pass);
  y_BTD = ff_out_(pass.visit(geglu_site_, geglu(y_BTD)), pass);
  x_BTD = pass.visit(ff_site_, y_BTD) + x_BTD;
  return pass.visit(site_, x_BTD);
}

SpatialTransformer::SpatialTransformer(const WeightScope& scope,
                                       const TransformerConfig& config)
    : config_(config),
      site_(scope.site(config.channels)),
      norm_(scope / "norm", config.channels, config.groups, kGroupNormEps),
      proj_in_(
          make_projection(scope / "proj_in", config.channels, config.inner())),
      blocks_(make_transformer_blocks(scope / "transformer_blocks", config)),
      proj_out_(make_projection(
          scope / "proj_out", config.inner(), config.channels)) {}

SpatialTransformer::Projection SpatialTransformer::make_projection(
    const WeightScope& scope, int64_t in, int64_t out) const {
  Projection projection;
  if (config_.linear_projections)
    projection.linear.emplace(scope, in, out, true);
  else
    projection.conv.emplace(
        scope, Conv2dConfig{.in = in, .out = out, .kernel = 1, .padding = 0});
  return projection;
}

Tensor SpatialTransformer::to_tokens(const Tensor& x_BCHW, Pass& pass) const {
  if (proj_in_.conv) return pixels_to_tokens((*proj_in_.conv)(x_BCHW, pass));
  return (*proj_in_.linear)(pixels_to_tokens(x_BCHW), pass);
}

Tensor SpatialTransformer::to_pixels(const Tensor& x_BTD,
                                     const Tensor& like,
                                     Pass& pass) const {
  const int64_t height = like.size(2), width = like.size(3);
  if (proj_out_.conv)
    return (*proj_out_.conv)(tokens_to_pixels(x_BTD, height, width), pass);
  return tokens_to_pixels((*proj_out_.linear)(x_BTD, pass), height, width);
}

Tensor SpatialTransformer::operator()(const Tensor& x_BCHW,
                                      const Tensor& text_BLD,
                                      Pass& pass) const {
  Tensor x_BTD = to_tokens(norm_(x_BCHW, pass), pass);
  for (const TransformerBlock& block : blocks_)
    x_BTD = block(x_BTD, text_BLD, pass);
  return pass.visit(
      site_, to_pixels(x_BTD, x_BCHW, pass) + x_BCHW, Layout::channels_first);
}

}  // namespace lineas
