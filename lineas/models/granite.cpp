// Granite: Llama's shape with multipliers on embeddings, scores, what a block
// adds to the stream, and logits. Source: HF
// models/granite/modeling_granite.py.
#include "lineas/base/error.h"
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

const char* defaults_granite() {
  return R"({
    "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
    "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": null, "hidden_act": "silu",
    "max_position_embeddings": 2048, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": false, "attention_bias": false, "mlp_bias": false,
    "embedding_multiplier": 1.0, "logits_scaling": 1.0,
    "residual_multiplier": 1.0, "attention_multiplier": 1.0
  })";
}

std::unique_ptr<LanguageNetwork> make_granite(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  config.embedding_factor = require_number(files, "embedding_multiplier");
  config.residual_factor = require_number(files, "residual_multiplier");
  config.attention.core.scale = require_number(files, "attention_multiplier");
  config.logit_divisor = require_number(files, "logits_scaling");
  if (config.logit_divisor == 0)
    fail(ErrorKind::format, "{}: \"logits_scaling\" is 0", files.where);
  return make_decoder(files, config);
}

}  // namespace lineas
