// The two kinds of blocks of FLUX: double ones, whose text and image streams
// have weights of their own and meet in attention, and single ones, which see
// both as one sequence.
#pragma once

#include <utility>

#include "lineas/diffusion/flux_attention.h"

namespace lineas {

/// What all blocks of a call share.
struct FluxCall {
  Tensor condition_BD;
  FluxAngles angles;
};

struct FluxStreams {
  Tensor text_BTD, image_BTD;
};

/// linear, GELU (tanh), linear, under diffusers' names.
class FluxFeedForward {
 public:
  FluxFeedForward(const WeightScope& scope, const FluxConfig& config);
  Tensor operator()(const Tensor& x_BTD, Pass& pass) const;

 private:
  SiteIndex site_, gelu_site_;
  Linear proj_, out_;
};

/// Sites: its own name (also `:0`) is the text, `:1` the image.
class FluxDoubleBlock {
 public:
  FluxDoubleBlock(const WeightScope& scope, const FluxConfig& config);
  FluxStreams operator()(FluxStreams x, const FluxCall& call, Pass& pass) const;

 private:
  SiteIndex text_site_, image_site_;
  AdaNormZero norm1_, norm1_context_;
  FluxJointAttention attn_;
  LayerNorm norm2_;
  FluxFeedForward ff_;
  LayerNorm norm2_context_;
  FluxFeedForward ff_context_;
};

/// Sites: its own name is the joined sequence, text first, as the module
/// returned it before diffusers 0.35; `:0` the text, `:1` the image since then.
class FluxSingleBlock {
 public:
  FluxSingleBlock(const WeightScope& scope, const FluxConfig& config);
  FluxStreams operator()(const FluxStreams& x,
                         const FluxCall& call,
                         Pass& pass) const;

 private:
  SiteIndex joint_site_, text_site_, image_site_;
  AdaNormZero norm_;
  Linear proj_mlp_;
  SiteIndex act_site_;
  Linear proj_out_;
  FluxSingleAttention attn_;
};

}  // namespace lineas
