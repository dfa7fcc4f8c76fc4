// Attention of FLUX: text and image tokens see each other and themselves
// wholly, text first. Knows nothing of what a block does around it.
#pragma once

#include <utility>

#include "lineas/diffusion/flux_config.h"
#include "lineas/diffusion/flux_embeddings.h"

namespace lineas {

/// FluxAttention of a single block: one sequence, no output projection.
class FluxSingleAttention {
 public:
  FluxSingleAttention(const WeightScope& scope, const FluxConfig& config);
  Tensor operator()(const Tensor& x_BTD,
                    const FluxAngles& angles,
                    Pass& pass) const;

 private:
  int64_t heads_;
  SiteIndex site_;
  RmsNorm norm_q_, norm_k_;
  Linear to_q_, to_k_, to_v_;
};

/// FluxAttention of a double block: projections and norms of their own for
/// image and text.
class FluxJointAttention {
 public:
  FluxJointAttention(const WeightScope& scope, const FluxConfig& config);
  /// Image and text, in the order of the module's output.
  std::pair<Tensor, Tensor> operator()(const Tensor& image_BTD,
                                       const Tensor& text_BTD,
                                       const FluxAngles& angles,
                                       Pass& pass) const;

 private:
  int64_t heads_;
  SiteIndex image_site_, text_site_;
  RmsNorm norm_q_, norm_k_;
  Linear to_q_, to_k_, to_v_, to_out_;
  RmsNorm norm_added_q_, norm_added_k_;
  Linear add_q_proj_, add_k_proj_, add_v_proj_, to_add_out_;
};

}  // namespace lineas
