// Qwen3 (dense): norms of every query and key head, optional biases, its own
// head width. Source: HF models/qwen3/modeling_qwen3.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

const char* defaults_qwen3() {
  return R"({
    "vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016,
    "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 32, "head_dim": 128, "hidden_act": "silu",
    "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": false, "attention_bias": false,
    "use_sliding_window": false, "sliding_window": 4096,
    "max_window_layers": 28, "layer_types": null
  })";
}

std::unique_ptr<LanguageNetwork> make_qwen3(ModelFiles& files) {
  require_size(files, "head_dim");  // null is nothing to this class
  DecoderConfig config = read_decoder_config(files);
  config.attention.norm = {.kind = QkNorm::heads, .eps = config.eps};
  config.mlp.bias = false;
  config.windows = read_windows(files, config.info.layers);
  return make_decoder(files, config);
}

}  // namespace lineas
