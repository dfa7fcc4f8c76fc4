// Gemma 2: a sliding window on every other layer, soft caps.
// Source: HF models/gemma2/modeling_gemma2.py.
#include "lineas/models/gemma.h"
#include "lineas/models/registry.h"
#include "lineas/models/rope_config.h"

namespace lineas {

const char* defaults_gemma2() {
  return R"({
    "vocab_size": 256000, "hidden_size": 2304, "intermediate_size": 9216,
    "num_hidden_layers": 26, "num_attention_heads": 8,
    "num_key_value_heads": 4, "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 8192, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true, "attention_bias": false,
    "query_pre_attn_scalar": 256, "sliding_window": 4096, "layer_types": null,
    "final_logit_softcapping": 30.0, "attn_logit_softcapping": 50.0
  })";
}

std::unique_ptr<LanguageNetwork> make_gemma2(ModelFiles& files) {
  GemmaConfig config = read_gemma_config(files);
  config.rope = read_rope(files, {.head_width = config.attention.head_width});
  config.info.context = read_context(files, config.rope);
  const std::vector<bool> slides = sliding_layers(
      files, config.info.layers, [](int64_t layer) { return layer % 2 == 0; });
  config.windows = windows_of(files, slides, read_window(files));
  return make_gemma(files, config);
}

}  // namespace lineas
