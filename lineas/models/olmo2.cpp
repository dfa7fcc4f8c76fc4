// OLMo 2: norms behind the two halves of a block instead of before, and one
// norm over all query heads, one over all key heads.
// Source: HF models/olmo2/modeling_olmo2.py; OLMo Team 2024.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

const char* defaults_olmo2() {
  return R"({
    "vocab_size": 50304, "hidden_size": 4096, "intermediate_size": 11008,
    "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": null, "hidden_act": "silu",
    "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
    "tie_word_embeddings": false, "attention_bias": false
  })";
}

std::unique_ptr<LanguageNetwork> make_olmo2(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  config.attention.norm = {.kind = QkNorm::whole, .eps = config.eps};
  config.mlp.bias = false;
  config.norms_outputs = true;
  return make_decoder(files, config);
}

}  // namespace lineas
