// Llama 2 and 3 and models of that shape (DeepSeek-LLM-7B): grouped heads,
// rope scaling, optional biases. Source: HF models/llama/modeling_llama.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

const char* defaults_llama() {
  return R"({
    "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
    "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": null, "head_dim": null, "hidden_act": "silu",
    "max_position_embeddings": 2048, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": false, "attention_bias": false, "mlp_bias": false
  })";
}

std::unique_ptr<LanguageNetwork> make_llama(ModelFiles& files) {
  return make_decoder(files, read_decoder_config(files));
}

}  // namespace lineas
