// Mistral: Llama's shape with a sliding window on every layer.
// Source: HF models/mistral/modeling_mistral.py.
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {

std::unique_ptr<LanguageNetwork> make_mistral(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files);
  // Null says that there is no window; no such key says that it is HF's.
  if (!is_null(files, "sliding_window"))
    config.windows.assign(config.info.layers,
                          size_or(files, "sliding_window", kDefaultWindow));
  return make_decoder(files, config);
}

}  // namespace lineas
