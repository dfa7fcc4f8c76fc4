// Llama 2 and 3 and models of that shape (DeepSeek-LLM-7B): grouped heads,
// rope scaling, optional biases. Source: HF models/llama/modeling_llama.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

std::unique_ptr<LanguageNetwork> make_llama(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  config.attention.qkv_bias = config_or(files, "attention_bias", false);
  config.attention.output_bias = config.attention.qkv_bias;
  config.mlp.bias = config_or(files, "mlp_bias", false);
  return make_decoder(files, config);
}

}  // namespace lineas
