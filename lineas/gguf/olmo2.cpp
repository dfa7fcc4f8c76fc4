// OLMo 2: norms behind each half of a block and none before, norms over all
// query and all key heads together. OLMo 3 is written under the same name, with
// a sliding window.
#include "lineas/gguf/decoder.h"

namespace lineas {
namespace {

void finish(GgufReading& reading) {
  finish_decoder(reading);
  reading.config["attention_bias"] = has_in_layers(reading, "attn_q.bias");
  if (!reading.has("attention.sliding_window")) return;
  reading.config["architectures"] = {"Olmo3ForCausalLM"};
  reading.config["model_type"] = "olmo3";
  reading.config["sliding_window"] =
      reading.take<int64_t>("attention.sliding_window");
  read_layer_types(reading, 4);
}

}  // namespace

GgufArchitecture gguf_olmo2() {
  GgufArchitecture made = gguf_decoder("Olmo2ForCausalLM", "olmo2");
  std::erase_if(made.names, [](const NameRule& rule) {
    const std::string_view name = rule.gguf;
    return name == "blk.*.attn_norm" || name == "blk.*.ffn_norm";
  });
  made.names.insert(
      made.names.end(),
      {{"blk.*.attn_q_norm", "model.layers.*.self_attn.q_norm"},
       {"blk.*.attn_k_norm", "model.layers.*.self_attn.k_norm"},
       {"blk.*.post_attention_norm", "model.layers.*.post_attention_layernorm"},
       {"blk.*.post_ffw_norm", "model.layers.*.post_feedforward_layernorm"}});
  made.finish = finish;
  return made;
}

}  // namespace lineas
