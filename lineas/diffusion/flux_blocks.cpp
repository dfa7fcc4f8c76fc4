// Source: diffusers models/transformers/transformer_flux.py.
#include "lineas/diffusion/flux_blocks.h"

namespace lineas {
namespace {

constexpr double kEps = 1e-6;
constexpr int64_t kMlpRatio = 4;

// Float16 alone.
Tensor clipped(const Tensor& x) {
  constexpr double kMax = 65504;
  return x.scalar_type() == at::kHalf ? x.clip(-kMax, kMax) : x;
}

}  // namespace

FluxFeedForward::FluxFeedForward(const WeightScope& scope,
                                 const FluxConfig& config)
    : site_(scope.site(config.width())),
      gelu_site_((scope / "net" / 0).site(kMlpRatio * config.width())),
      proj_(scope / "net" / 0 / "proj",
            config.width(),
            kMlpRatio * config.width(),
            true),
      out_(
          scope / "net" / 2, kMlpRatio * config.width(), config.width(), true) {
}

Tensor FluxFeedForward::operator()(const Tensor& x_BTD, Pass& pass) const {
  const Tensor inner_BTF =
      pass.visit(gelu_site_, at::gelu(proj_(x_BTD, pass), "tanh"));
  return pass.visit(site_, out_(inner_BTF, pass));
}

FluxDoubleBlock::FluxDoubleBlock(const WeightScope& scope,
                                 const FluxConfig& config)
    : text_site_(scope.site(config.width())),
      image_site_(scope.element_site(1, config.width())),
      norm1_(scope / "norm1", config.width(), /*is_single=*/false),
      norm1_context_(scope / "norm1_context", config.width(), false),
      attn_(scope / "attn", config),
      norm2_(LayerNorm::without_gain(scope / "norm2", config.width(), kEps)),
      ff_(scope / "ff", config),
      norm2_context_(LayerNorm::without_gain(
          scope / "norm2_context", config.width(), kEps)),
      ff_context_(scope / "ff_context", config) {}

FluxStreams FluxDoubleBlock::operator()(FluxStreams x,
                                        const FluxCall& call,
                                        Pass& pass) const {
  const AdaNormOutput image = norm1_(x.image_BTD, call.condition_BD, pass);
  const AdaNormOutput text =
      norm1_context_(x.text_BTD, call.condition_BD, pass);
  const auto [image_a, text_a] =
      attn_(image.x_BTD, text.x_BTD, call.angles, pass);

  x.image_BTD = x.image_BTD + image.gate_BD.unsqueeze(1) * image_a;
  const Tensor image_n = modulate(
      norm2_(x.image_BTD, pass), image.scale_mlp_BD, image.shift_mlp_BD);
  x.image_BTD =
      x.image_BTD + image.gate_mlp_BD.unsqueeze(1) * ff_(image_n, pass);

  x.text_BTD = x.text_BTD + text.gate_BD.unsqueeze(1) * text_a;
  const Tensor text_n = modulate(
      norm2_context_(x.text_BTD, pass), text.scale_mlp_BD, text.shift_mlp_BD);
  x.text_BTD = clipped(x.text_BTD + text.gate_mlp_BD.unsqueeze(1) *
                                        ff_context_(text_n, pass));
  x.text_BTD = pass.visit(text_site_, x.text_BTD);
  x.image_BTD = pass.visit(image_site_, x.image_BTD);
  return x;
}

FluxSingleBlock::FluxSingleBlock(const WeightScope& scope,
                                 const FluxConfig& config)
    : joint_site_(scope.site(config.width())),
      text_site_(scope.element_site(0, config.width())),
      image_site_(scope.element_site(1, config.width())),
      norm_(scope / "norm", config.width(), /*is_single=*/true),
      proj_mlp_(
          scope / "proj_mlp", config.width(), kMlpRatio * config.width(), true),
      act_site_((scope / "act_mlp").site(kMlpRatio * config.width())),
      proj_out_(scope / "proj_out",
                (1 + kMlpRatio) * config.width(),
                config.width(),
                true),
      attn_(scope / "attn", config) {}

FluxStreams FluxSingleBlock::operator()(const FluxStreams& x,
                                        const FluxCall& call,
                                        Pass& pass) const {
  const int64_t texts = x.text_BTD.size(1), images = x.image_BTD.size(1);
  const Tensor x_BTD = at::cat({x.text_BTD, x.image_BTD}, 1);
  const AdaNormOutput normed = norm_(x_BTD, call.condition_BD, pass);
  const Tensor inner_BTF =
      pass.visit(act_site_, at::gelu(proj_mlp_(normed.x_BTD, pass), "tanh"));
  const Tensor a_BTD = attn_(normed.x_BTD, call.angles, pass);
  const Tensor out_BTD = proj_out_(at::cat({a_BTD, inner_BTF}, 2), pass);
  const Tensor sum_BTD = clipped(x_BTD + normed.gate_BD.unsqueeze(1) * out_BTD);
  const Tensor joint_BTD = pass.visit(joint_site_, sum_BTD);
  return {pass.visit(text_site_, joint_BTD.narrow(1, 0, texts)),
          pass.visit(image_site_, joint_BTD.narrow(1, texts, images))};
}

}  // namespace lineas
