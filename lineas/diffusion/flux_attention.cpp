// Source: diffusers models/transformers/transformer_flux.py; Esser et al. 2024
// (joint attention of two streams).
#include "lineas/diffusion/flux_attention.h"

#include <cmath>

#include "lineas/kernels/attention.h"

namespace lineas {
namespace {

constexpr double kEps = 1e-6;

Tensor in_heads(const Tensor& x_BTD, int64_t heads) {
  return x_BTD.unflatten(2, at::IntArrayRef{heads, x_BTD.size(2) / heads});
}

// Heads side by side.
Tensor attend_all(const Tensor& q_BTHd,
                  const Tensor& k_BTHd,
                  const Tensor& v_BTHd,
                  const FluxAngles& angles) {
  const double width = static_cast<double>(q_BTHd.size(-1));
  return attend(rotate_pairs(q_BTHd, angles),
                rotate_pairs(k_BTHd, angles),
                v_BTHd,
                {.scale = 1 / std::sqrt(width)})
      .flatten(2);
}

Linear square(const WeightScope& scope, const FluxConfig& config) {
  return Linear(scope, config.width(), config.width(), true);
}

}  // namespace

FluxSingleAttention::FluxSingleAttention(const WeightScope& scope,
                                         const FluxConfig& config)
    : heads_(config.heads),
      site_(scope.site(config.width())),
      norm_q_(scope / "norm_q", config.head_width, kEps),
      norm_k_(scope / "norm_k", config.head_width, kEps),
      to_q_(square(scope / "to_q", config)),
      to_k_(square(scope / "to_k", config)),
      to_v_(square(scope / "to_v", config)) {}

Tensor FluxSingleAttention::operator()(const Tensor& x_BTD,
                                       const FluxAngles& angles,
                                       Pass& pass) const {
  const Tensor q_BTD = to_q_(x_BTD, pass);
  const Tensor k_BTD = to_k_(x_BTD, pass);
  const Tensor v_BTD = to_v_(x_BTD, pass);
  const Tensor q_BTHd = norm_q_(in_heads(q_BTD, heads_), pass);
  const Tensor k_BTHd = norm_k_(in_heads(k_BTD, heads_), pass);
  return pass.visit(
      site_, attend_all(q_BTHd, k_BTHd, in_heads(v_BTD, heads_), angles));
}

FluxJointAttention::FluxJointAttention(const WeightScope& scope,
                                       const FluxConfig& config)
    : heads_(config.heads),
      image_site_(scope.site(config.width())),
      text_site_(scope.element_site(1, config.width())),
      norm_q_(scope / "norm_q", config.head_width, kEps),
      norm_k_(scope / "norm_k", config.head_width, kEps),
      to_q_(square(scope / "to_q", config)),
      to_k_(square(scope / "to_k", config)),
      to_v_(square(scope / "to_v", config)),
      to_out_(square(scope / "to_out" / 0, config)),
      norm_added_q_(scope / "norm_added_q", config.head_width, kEps),
      norm_added_k_(scope / "norm_added_k", config.head_width, kEps),
      add_q_proj_(square(scope / "add_q_proj", config)),
      add_k_proj_(square(scope / "add_k_proj", config)),
      add_v_proj_(square(scope / "add_v_proj", config)),
      to_add_out_(square(scope / "to_add_out", config)) {}

std::pair<Tensor, Tensor> FluxJointAttention::operator()(
    const Tensor& image_BTD,
    const Tensor& text_BTD,
    const FluxAngles& angles,
    Pass& pass) const {
  const auto heads = [&](const Tensor& x) { return in_heads(x, heads_); };
  const Tensor image_q = heads(to_q_(image_BTD, pass));
  const Tensor image_k = heads(to_k_(image_BTD, pass));
  const Tensor image_v = heads(to_v_(image_BTD, pass));
  const Tensor text_q = heads(add_q_proj_(text_BTD, pass));
  const Tensor text_k = heads(add_k_proj_(text_BTD, pass));
  const Tensor text_v = heads(add_v_proj_(text_BTD, pass));
  const Tensor normed_q = norm_q_(image_q, pass);
  const Tensor normed_k = norm_k_(image_k, pass);
  const Tensor q_BTHd = at::cat({norm_added_q_(text_q, pass), normed_q}, 1);
  const Tensor k_BTHd = at::cat({norm_added_k_(text_k, pass), normed_k}, 1);
  const Tensor v_BTHd = at::cat({text_v, image_v}, 1);
  const Tensor o_BTD = attend_all(q_BTHd, k_BTHd, v_BTHd, angles);
  const int64_t texts = text_BTD.size(1);
  const Tensor image = to_out_(o_BTD.narrow(1, texts, image_BTD.size(1)), pass);
  const Tensor text = to_add_out_(o_BTD.narrow(1, 0, texts), pass);
  return {pass.visit(image_site_, image), pass.visit(text_site_, text)};
}

}  // namespace lineas
