// Qwen2 and Qwen2.5: biases on q, k and v; a sliding window on the upper layers
// where the config turns it on. Source: HF models/qwen2/modeling_qwen2.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

const char* defaults_qwen2() {
  return R"({
    "vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016,
    "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 32, "hidden_act": "silu",
    "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": false, "use_sliding_window": false,
    "sliding_window": 4096, "max_window_layers": 28, "layer_types": null
  })";
}

std::unique_ptr<LanguageNetwork> make_qwen2(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  config.attention.qkv_bias = true;
  config.attention.output_bias = config.mlp.bias = false;
  config.windows = read_windows(files, config.info.layers);
  return make_decoder(files, config);
}

}  // namespace lineas
