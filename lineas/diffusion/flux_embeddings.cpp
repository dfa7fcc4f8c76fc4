// Source: diffusers models/embeddings.py, models/transformers/
// transformer_flux.py; Su et al. 2021.
#include "lineas/diffusion/flux_embeddings.h"

#include "lineas/nn/timestep.h"

namespace lineas {
namespace {

constexpr int64_t kSinusoids = 256;
constexpr double kTheta = 10000;

Tensor sinusoids(const Tensor& t_B) {
  return timestep_sinusoids(t_B, kSinusoids, {.cos_first = true});
}

}  // namespace

EmbeddingMlp::EmbeddingMlp(const WeightScope& scope,
                           const char* act,
                           int64_t in,
                           int64_t out)
    : site_(scope.site(out)),
      linear_1_(scope / "linear_1", in, out, true),
      act_(scope / act, out),
      linear_2_(scope / "linear_2", out, out, true) {}

Tensor EmbeddingMlp::operator()(const Tensor& x_BD, Pass& pass) const {
  return pass.visit(site_, linear_2_(act_(linear_1_(x_BD, pass), pass), pass));
}

FluxConditioning::FluxConditioning(const WeightScope& scope,
                                   const FluxConfig& config)
    : site_(scope.site(config.width())),
      time_proj_site_(
          config.has_guidance ? -1 : (scope / "time_proj").site(kSinusoids)),
      timestep_embedder_(
          scope / "timestep_embedder", "act", kSinusoids, config.width()),
      guidance_embedder_(config.has_guidance ? std::optional<EmbeddingMlp>(
                                                   std::in_place,
                                                   scope / "guidance_embedder",
                                                   "act",
                                                   kSinusoids,
                                                   config.width())
                                             : std::nullopt),
      text_embedder_(scope / "text_embedder",
                     "act_1",
                     config.pooled_width,
                     config.width()) {}

Tensor FluxConditioning::operator()(const Tensor& time_B,
                                    const Tensor& guidance_B,
                                    const Tensor& pooled_BD,
                                    Pass& pass) const {
  Tensor time_BF = sinusoids(time_B);
  if (!guidance_embedder_) time_BF = pass.visit(time_proj_site_, time_BF);
  const at::ScalarType dtype = pooled_BD.scalar_type();
  Tensor condition_BD = timestep_embedder_(time_BF.to(dtype), pass);
  if (guidance_embedder_) {
    const Tensor guidance_BF = sinusoids(guidance_B).to(dtype);
    condition_BD = condition_BD + (*guidance_embedder_)(guidance_BF, pass);
  }
  return pass.visit(site_, condition_BD + text_embedder_(pooled_BD, pass));
}

FluxRope::FluxRope(const WeightScope& scope, const FluxConfig& config)
    : axes_(config.rope_axes),
      cos_site_(scope.site(config.head_width)),
      sin_site_(scope.element_site(1, config.head_width)) {}

FluxAngles FluxRope::operator()(const Tensor& ids_T3,
                                int64_t rows,
                                Pass& pass) const {
  std::vector<Tensor> angles;
  for (size_t axis = 0; axis < axes_.size(); ++axis) {
    const auto id_T = ids_T3.select(1, static_cast<int64_t>(axis));
    const Tensor steps =
        at::arange(0, axes_[axis], 2, id_T.options().dtype(at::kDouble)) /
        axes_[axis];
    const Tensor frequencies = 1 / at::pow(kTheta, steps);
    angles.push_back(at::outer(id_T.to(at::kDouble), frequencies));
  }
  const Tensor angle_Td = at::cat(angles, 1).repeat_interleave(2, /*dim=*/1);
  const auto of_rows = [&](const Tensor& value_Td) {
    const Tensor wide = value_Td.to(at::kFloat).unsqueeze(0);
    return wide.expand({rows, -1, -1});
  };
  return {pass.visit(cos_site_, of_rows(angle_Td.cos())),
          pass.visit(sin_site_, of_rows(angle_Td.sin()))};
}

Tensor rotate_pairs(const Tensor& x_BTHd, const FluxAngles& angles) {
  const Tensor x = x_BTHd.to(at::kFloat);
  const Tensor pairs = x.unflatten(-1, at::IntArrayRef{-1, 2});
  const Tensor turned =
      at::stack({-pairs.select(-1, 1), pairs.select(-1, 0)}, -1).flatten(-2);
  const Tensor rotated =
      x * angles.cos_BTd.unsqueeze(2) + turned * angles.sin_BTd.unsqueeze(2);
  return rotated.to(x_BTHd.scalar_type());
}

}  // namespace lineas
