// Qwen2 and Qwen2.5: biases on q, k and v; a sliding window on the upper layers
// where the config turns it on. Source: HF models/qwen2/modeling_qwen2.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

std::unique_ptr<LanguageNetwork> make_qwen2(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  config.attention.qkv_bias = true;
  config.windows = read_windows(files, config.info.layers);
  return make_decoder(files, config);
}

}  // namespace lineas
