// Qwen3 (dense): norms of every query and key head, optional biases, its own
// head width. Source: HF models/qwen3/modeling_qwen3.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

std::unique_ptr<LanguageNetwork> make_qwen3(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  config.attention.qkv_bias = config_or(files, "attention_bias", false);
  config.attention.output_bias = config.attention.qkv_bias;
  config.attention.head_norm_eps = config.eps;
  config.windows = read_windows(files, config.info.layers);
  return make_decoder(files, config);
}

}  // namespace lineas
