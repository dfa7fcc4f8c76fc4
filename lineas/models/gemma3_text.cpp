// Gemma 3, text alone: norms of every query and key head; layers that slide
// rotate with a base of their own, one in six sees everything.
// Source: HF models/gemma3/modeling_gemma3.py.
#include "lineas/models/gemma.h"
#include "lineas/models/registry.h"
#include "lineas/models/rope_config.h"

namespace lineas {

const char* defaults_gemma3_text() {
  return R"({
    "vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216,
    "num_hidden_layers": 26, "num_attention_heads": 8,
    "num_key_value_heads": 4, "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 131072, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true, "attention_bias": false,
    "query_pre_attn_scalar": 256, "sliding_window": 4096, "layer_types": null,
    "final_logit_softcapping": null, "attn_logit_softcapping": null,
    "use_bidirectional_attention": false, "sliding_window_pattern": 6
  })";
}

std::unique_ptr<LanguageNetwork> make_gemma3_text(ModelFiles& files) {
  files.source.spelling = spell_with("language_model.", files.source.spelling);
  GemmaConfig config = read_gemma_config(files);
  const int64_t head_width = config.attention.head_width;
  config.attention.norm = {.kind = QkNorm::heads_minus_one, .eps = config.eps};
  config.attention.core.soft_cap = 0;  // the class has the key, no use for it
  config.scales_in_embedding = true;
  config.rope = read_rope(
      files,
      {.head_width = head_width, .theta = 1e6, .layer_type = "full_attention"});
  config.local_rope = read_rope(files,
                                {.head_width = head_width,
                                 .layer_type = "sliding_attention",
                                 .theta_key = "rope_local_base_freq",
                                 .has_scaling = false});
  config.info.context = read_context(files, config.rope);
  const int64_t pattern = require_size(files, "sliding_window_pattern");
  const std::vector<bool> slides =
      sliding_layers(files, config.info.layers, [=](int64_t layer) {
        return (layer + 1) % pattern != 0;
      });
  config.windows = windows_of(files, slides, read_window(files));
  return make_gemma(files, config);
}

}  // namespace lineas
