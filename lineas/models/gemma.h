// The decoder that Gemma 2 and 3 share. Their files say how config.json fills
// the Config; nothing here asks which one it is.
#pragma once

#include "lineas/models/config.h"
#include "lineas/nn/rope.h"

namespace lineas {

struct GemmaConfig {
  LanguageModelInfo info;
  AttentionConfig attention;
  GatedMlpConfig mlp;
  RopeSettings rope;
  /// Of the layers that slide, where they have their own (Gemma 3).
  std::optional<RopeSettings> local_rope = std::nullopt;
  double eps = 1e-6;
  double logit_cap = 0;  // cap * tanh(logit / cap) where > 0
  /// The site of the embedding sees it multiplied by sqrt(width) (Gemma 3).
  bool scales_in_embedding = false;
  /// Sliding window of every layer, 0 for none.
  std::vector<int64_t> windows;
};

/// The keys that both spell alike: everything but rope and windows.
GemmaConfig read_gemma_config(const ModelFiles& files);

std::unique_ptr<LanguageNetwork> make_gemma(ModelFiles& files,
                                            const GemmaConfig& config);

}  // namespace lineas
