// The pre-norm decoder that Llama, Mistral, Qwen2 and Qwen3 share. Their files
// say how config.json fills the Config; nothing here asks which one it is.
#pragma once

#include "lineas/models/config.h"
#include "lineas/nn/attention.h"
#include "lineas/nn/mlp.h"

namespace lineas {

struct DecoderConfig {
  LanguageModelInfo info;
  AttentionConfig attention;
  GatedMlpConfig mlp;
  double eps = 1e-6;
  /// Sliding window of every layer, 0 for none.
  std::vector<int64_t> windows;
};

/// The keys that the four spell alike.
DecoderConfig read_decoder_config(const ModelFiles& files);

std::unique_ptr<LanguageNetwork> make_decoder(ModelFiles& files,
                                              const DecoderConfig& config);

}  // namespace lineas
