// Mistral: Llama's shape with a sliding window on every layer.
// Source: HF models/mistral/modeling_mistral.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

const char* defaults_mistral() {
  return R"({
    "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": null, "hidden_act": "silu",
    "max_position_embeddings": 131072, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": false, "sliding_window": 4096
  })";
}

std::unique_ptr<LanguageNetwork> make_mistral(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  config.attention.qkv_bias = config.attention.output_bias = false;
  config.mlp.bias = false;
  config.windows.assign(config.info.layers, read_window(files));
  return make_decoder(files, config);
}

}  // namespace lineas
