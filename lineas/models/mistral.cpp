// Mistral: Llama's shape with a sliding window on every layer.
// Source: HF models/mistral/modeling_mistral.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

std::unique_ptr<LanguageModel> make_mistral(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  const auto window = config_or<int64_t>(files, "sliding_window", 0);
  config.windows.assign(config.info.layers, window);
  return make_decoder(files, config);
}

}  // namespace lineas
