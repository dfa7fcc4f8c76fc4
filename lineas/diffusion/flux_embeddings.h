// What FLUX makes of a call's numbers: the conditioning (time, guidance, pooled
// prompt) and the rotary angles of text and image tokens.
#pragma once

#include <optional>
#include <vector>

#include "lineas/diffusion/flux_config.h"
#include "lineas/diffusion/flux_norm.h"

namespace lineas {

/// linear_2(silu(linear_1(x))).
class EmbeddingMlp {
 public:
  /// `act`: what the activation is called there.
  EmbeddingMlp(const WeightScope& scope,
               const char* act,
               int64_t in,
               int64_t out);
  Tensor operator()(const Tensor& x_BD, Pass& pass) const;

 private:
  SiteIndex site_;
  Linear linear_1_;
  SiluModule act_;
  Linear linear_2_;
};

/// CombinedTimestepTextProjEmbeddings, and the same with guidance.
class FluxConditioning {
 public:
  FluxConditioning(const WeightScope& scope, const FluxConfig& config);
  /// time_B and guidance_B are in thousandths, in the model's dtype (that is
  /// where the published runs round them); guidance_B undefined where the model
  /// has none. condition_BD.
  Tensor operator()(const Tensor& time_B,
                    const Tensor& guidance_B,
                    const Tensor& pooled_BD,
                    Pass& pass) const;

 private:
  SiteIndex site_;
  SiteIndex time_proj_site_ = -1;  // none where it is called twice
  EmbeddingMlp timestep_embedder_;
  std::optional<EmbeddingMlp> guidance_embedder_;
  EmbeddingMlp text_embedder_;
};

/// cos and sin for every number of a head, neighbours alike: [B, T, d], where
/// T are all tokens, text first.
struct FluxAngles {
  Tensor cos_BTd, sin_BTd;
};

/// FluxPosEmbed: each of a token's three ids rotates its share of a head.
class FluxRope {
 public:
  FluxRope(const WeightScope& scope, const FluxConfig& config);
  /// ids_T3 in any dtype; the angles are in double, then float32. Made for each
  /// of `rows` entries, so that the sites have rows.
  FluxAngles operator()(const Tensor& ids_T3, int64_t rows, Pass& pass) const;

 private:
  std::vector<int64_t> axes_;
  SiteIndex cos_site_, sin_site_;
};

/// x_BTHd with its neighbouring pairs rotated, in float32, rounded to x's
/// dtype.
Tensor rotate_pairs(const Tensor& x_BTHd, const FluxAngles& angles);

}  // namespace lineas
