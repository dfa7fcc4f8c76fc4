// Attention of the convolutional networks: pixels become tokens that see each
// other and the text. Source: diffusers models/attention_processor.py
// (Attention), attention.py (BasicTransformerBlock, FeedForward) and
// transformers/transformer_2d.py.
#pragma once

#include <vector>

#include "lineas/kernels/attention.h"
#include "lineas/nn/layers.h"
#include "lineas/nn/picture_layers.h"

namespace lineas {

struct CrossAttentionConfig {
  int64_t width = 0;          // of the tokens
  int64_t context_width = 0;  // of what they look at
  int64_t inner = 0;          // all heads together
  int64_t heads = 1;
  bool qkv_bias = false;
  /// In float16 the products are formed in float32 (upcast_attention). The
  /// published class ignores the flag in its default processor, which is the
  /// same number but for overflow.
  bool upcasts = false;
};

/// The projections and the attention between them; its site is its owner's.
class CrossAttentionHeads {
 public:
  CrossAttentionHeads(const WeightScope& scope,
                      const CrossAttentionConfig& config);
  Tensor operator()(const Tensor& x_BTD,
                    const Tensor& context_BLD,
                    Pass& pass) const;

 private:
  CrossAttentionConfig config_;
  Linear to_q_, to_k_, to_v_, to_out_;
};

struct TransformerConfig {
  int64_t channels = 0;
  int64_t heads = 0;
  int64_t text_width = 0;
  int64_t depth = 0;  // blocks
  int64_t groups = 0;
  bool linear_projections = false;    // else 1x1 convolutions
  bool only_cross_attention = false;  // the first attention sees the text too
  bool upcasts = false;

  /// Heads are equally wide: what the division leaves over is lost.
  int64_t inner() const { return heads * (channels / heads); }
};

/// BasicTransformerBlock.
class TransformerBlock {
 public:
  TransformerBlock(const WeightScope& scope, const TransformerConfig& config);
  Tensor operator()(Tensor x_BTD, const Tensor& text_BLD, Pass& pass) const;

 private:
  bool only_cross_attention_;
  SiteIndex site_;
  LayerNorm norm1_;
  SiteIndex attn1_site_;
  CrossAttentionHeads attn1_;
  LayerNorm norm2_;
  SiteIndex attn2_site_;
  CrossAttentionHeads attn2_;
  LayerNorm norm3_;
  SiteIndex ff_site_, geglu_site_;
  Linear ff_in_, ff_out_;
};

/// Transformer2DModel over pictures.
class SpatialTransformer {
 public:
  SpatialTransformer(const WeightScope& scope, const TransformerConfig& config);
  Tensor operator()(const Tensor& x_BCHW,
                    const Tensor& text_BLD,
                    Pass& pass) const;

 private:
  /// A projection of pictures: Linear over tokens, or a 1x1 convolution.
  struct Projection {
    std::optional<Linear> linear;
    std::optional<Conv2d> conv;
  };
  Projection make_projection(const WeightScope& scope,
                             int64_t in,
                             int64_t out) const;
  Tensor to_tokens(const Tensor& x_BCHW, Pass& pass) const;
  Tensor to_pixels(const Tensor& x_BTD, const Tensor& like, Pass& pass) const;

  TransformerConfig config_;
  SiteIndex site_;
  GroupNorm norm_;
  Projection proj_in_;
  std::vector<TransformerBlock> blocks_;
  Projection proj_out_;
};

}  // namespace lineas
