// SmolLM3: Llama's shape where every fourth layer has no rotary positions.
// Source: HF models/smollm3/modeling_smollm3.py; Yang et al. 2025 (NoPE).
#include "lineas/base/error.h"
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {
namespace {

// no_rope_layers says 1 where a layer does rotate.
std::vector<bool> read_rotates(const ModelFiles& files, int64_t layers) {
  std::vector<bool> rotates;
  if (is_null(files, "no_rope_layers")) {
    const int64_t interval = require_size(files, "no_rope_layer_interval");
    for (int64_t layer = 0; layer < layers; ++layer)
      rotates.push_back((layer + 1) % interval != 0);
    return rotates;
  }
  const auto given = require<std::vector<int64_t>>(
      files.config, "no_rope_layers", files.where);
  if (static_cast<int64_t>(given.size()) < layers)
    fail(ErrorKind::format,
         "{}: \"no_rope_layers\" has {} entries for {} layers",
         files.where,
         given.size(),
         layers);
  for (int64_t layer = 0; layer < layers; ++layer)
    rotates.push_back(given[layer] != 0);
  return rotates;
}

}  // namespace

const char* defaults_smollm3() {
  return R"({
    "vocab_size": 128256, "hidden_size": 2048, "intermediate_size": 11008,
    "num_hidden_layers": 36, "num_attention_heads": 16,
    "num_key_value_heads": 4, "hidden_act": "silu",
    "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false,
    "use_sliding_window": false, "sliding_window": null, "layer_types": null,
    "no_rope_layers": null, "no_rope_layer_interval": 4
  })";
}

std::unique_ptr<LanguageNetwork> make_smollm3(ModelFiles& files) {
  DecoderConfig config = read_decoder_config(files, {.rope_theta = 2e6});
  config.rotates = read_rotates(files, config.info.layers);
  const int64_t window = read_window(files);
  const bool windows_are_on = flag(files, "use_sliding_window") && window > 0;
  const std::vector<bool> slides = sliding_layers(
      files, config.info.layers, [&config, windows_are_on](int64_t layer) {
        return windows_are_on && !config.rotates[layer];
      });
  config.windows = windows_of(files, slides, window);
  return make_decoder(files, config);
}

}  // namespace lineas
