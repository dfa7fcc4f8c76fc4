// The decoder that Llama and its many relatives share. Their files say how
// config.json fills the Config; nothing here asks which one it is.
#pragma once

#include <functional>

#include "lineas/models/config.h"
#include "lineas/nn/attention.h"
#include "lineas/nn/mlp.h"

namespace lineas {

/// The two halves of a block, for those that have other ones than q, k, v
/// projections and a gated MLP.
using AttentionModule =
    std::function<Tensor(const Tensor& x_SD, const AttentionCall&, Pass&)>;
using FeedForward = std::function<Tensor(const Tensor& x_SD, Pass&)>;

struct DecoderConfig {
  LanguageModelInfo info;
  AttentionConfig attention;
  GatedMlpConfig mlp;
  RopeSettings rope;
  double eps = 1e-6;
  /// Sliding window of every layer, 0 for none.
  std::vector<int64_t> windows;
  /// Whether a layer rotates its queries and keys (SmolLM3: not every).
  std::vector<bool> rotates;
  /// The norms are behind the two halves of a block, not before (OLMo 2).
  bool norms_outputs = false;
  /// Granite's multipliers.
  double embedding_factor = 1, residual_factor = 1, logit_divisor = 1;
  /// Empty: GroupedAttention and GatedMlp.
  std::function<AttentionModule(
      const WeightScope&, const AttentionConfig&, int64_t layer)>
      make_attention = {};
  std::function<FeedForward(const WeightScope&, int64_t layer)> make_mlp = {};
};

/// What an architecture brings along that the shared keys need.
struct DecoderTraits {
  double rope_theta = 10000;
  bool rotates_parts = false;
  bool is_phi3 = false;
};

/// The keys that all spell alike.
DecoderConfig read_decoder_config(const ModelFiles& files,
                                  const DecoderTraits& traits = {});

std::unique_ptr<LanguageNetwork> make_decoder(ModelFiles& files,
                                              const DecoderConfig& config);

}  // namespace lineas
