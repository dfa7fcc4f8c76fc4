// The norms of FLUX whose shift, scale and gates follow from the call's
// conditioning (AdaLN-Zero), and their sites: a tuple output is a site an
// element. Everything is computed in the model's dtype, rounding as published.
#pragma once

#include <vector>

#include "lineas/nn/layers.h"

namespace lineas {

/// SiLU as a module: a site, no weights.
class SiluModule {
 public:
  SiluModule(const WeightScope& scope, int64_t width)
      : site_(scope.site(width)) {}
  Tensor operator()(const Tensor& x, Pass& pass) const {
    return pass.visit(site_, at::silu(x));
  }

 private:
  SiteIndex site_;
};

/// x_BTD (1 + scale_BD) + shift_BD.
Tensor modulate(const Tensor& x_BTD,
                const Tensor& scale_BD,
                const Tensor& shift_BD);

/// What a double block's norm returns: the normed input and what follows for
/// the block's halves.
struct AdaNormOutput {
  Tensor x_BTD;
  Tensor gate_BD;                                  // of the attention
  Tensor shift_mlp_BD, scale_mlp_BD, gate_mlp_BD;  // undefined in single blocks
};

/// AdaLayerNormZero (double blocks) and AdaLayerNormZeroSingle. Source: Peebles
/// & Xie 2023; diffusers models/normalization.py.
class AdaNormZero {
 public:
  AdaNormZero(const WeightScope& scope, int64_t width, bool is_single);
  AdaNormOutput operator()(const Tensor& x_BTD,
                           const Tensor& condition_BD,
                           Pass& pass) const;

 private:
  static std::vector<SiteIndex> make_sites(const WeightScope& scope,
                                           int64_t width,
                                           bool is_single);

  std::vector<SiteIndex> sites_;  // of the elements, in their order
  SiluModule silu_;
  Linear linear_;
  LayerNorm norm_;
};

/// AdaLayerNormContinuous: of its two halves the first is the scale.
class AdaNormContinuous {
 public:
  AdaNormContinuous(const WeightScope& scope, int64_t width);
  Tensor operator()(const Tensor& x_BTD,
                    const Tensor& condition_BD,
                    Pass& pass) const;

 private:
  SiteIndex site_;
  SiluModule silu_;
  Linear linear_;
  LayerNorm norm_;
};

}  // namespace lineas
