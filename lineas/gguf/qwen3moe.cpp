// Qwen3-MoE: Qwen3 with a choice of experts in every layer. The converter
// writes neither that the chosen weights are normed nor that every layer is
// sparse, because that holds for all of them.
#include <algorithm>

#include "lineas/gguf/decoder.h"

namespace lineas {
namespace {

void finish(GgufReading& reading) {
  Json& config = reading.config;
  config["num_experts"] = reading.take<int64_t>("expert_count");
  config["num_experts_per_tok"] = reading.take<int64_t>("expert_used_count");
  config["norm_topk_prob"] = reading.take_or("expert_weights_norm", true);
  config["decoder_sparse_step"] = 1;
  config["mlp_only_layers"] = Json::array();
  config["attention_bias"] = has_in_layers(reading, "attn_q.bias");
  if (reading.take_or("expert_weights_scale", 1.0) != 1)
    reading.refuse("expert_weights_scale", "is not 1");
  constexpr int64_t kSoftmax = 1;
  if (reading.take_or("expert_gating_func", kSoftmax) != kSoftmax)
    reading.refuse("expert_gating_func", "is not 1 (softmax)");
  finish_decoder(reading);
}

}  // namespace

GgufArchitecture gguf_qwen3moe() {
  GgufArchitecture made = gguf_qwen3();
  made.huggingface = "Qwen3MoeForCausalLM";
  made.model_type = "qwen3_moe";
  std::erase_if(made.names, [](const NameRule& rule) {
    return std::string_view(rule.gguf).starts_with("blk.*.ffn_") &&
           std::string_view(rule.gguf) != "blk.*.ffn_norm";
  });
  made.names.insert(made.names.end(),
                    {{"blk.*.ffn_gate_inp", "model.layers.*.mlp.gate"},
                     {"blk.*.ffn_gate_exps",
                      "model.layers.*.mlp.experts.#.gate_proj",
                      Change::experts},
                     {"blk.*.ffn_up_exps",
                      "model.layers.*.mlp.experts.#.up_proj",
                      Change::experts},
                     {"blk.*.ffn_down_exps",
                      "model.layers.*.mlp.experts.#.down_proj",
                      Change::experts}});
  made.keys.push_back(
      {"expert_feed_forward_length", "moe_intermediate_size", true});
  for (KeyRule& rule : made.keys)  // only dense layers would need it
    if (std::string_view(rule.name) == "intermediate_size")
      rule.is_required = false;
  made.finish = finish;
  return made;
}

}  // namespace lineas
