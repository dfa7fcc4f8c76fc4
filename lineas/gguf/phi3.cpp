// Phi-3 and Phi-4-mini: one product for q, k and v and one for gate and up, a
// part of each head rotated, "longrope" in the models of long context.
#include "lineas/gguf/decoder.h"
#include "lineas/gguf/rope_scaling.h"

namespace lineas {
namespace {

void finish(GgufReading& reading) {
  Json& config = reading.config;
  const int64_t width =
      reading.size("hidden_size") / reading.size("num_attention_heads");
  const auto rotated = reading.take_or("rope.dimension_count", width);
  if (rotated != width)
    config["partial_rotary_factor"] =
        static_cast<double>(rotated) / static_cast<double>(width);
  read_rope_scaling(reading, rotated);
  if (reading.has("rope.scaling.original_context_length"))
    config["original_max_position_embeddings"] =
        reading.take<int64_t>("rope.scaling.original_context_length");
  // Zero is how Phi-4 says that it has none.
  const auto window = reading.take_or<int64_t>("attention.sliding_window", 0);
  config["sliding_window"] = window > 0 ? Json(window) : Json();
  finish_common(reading);
}

}  // namespace

GgufArchitecture gguf_phi3() {
  GgufArchitecture made = gguf_decoder("Phi3ForCausalLM", "phi3");
  std::erase_if(made.names, [](const NameRule& rule) {
    const std::string_view name = rule.gguf;
    return name == "blk.*.attn_q" || name == "blk.*.attn_k" ||
           name == "blk.*.attn_v" || name == "blk.*.ffn_gate" ||
           name == "blk.*.ffn_up";
  });
  made.names.insert(made.names.end(),
                    {{"blk.*.attn_qkv", "model.layers.*.self_attn.qkv_proj"},
                     {"blk.*.ffn_up", "model.layers.*.mlp.gate_up_proj"}});
  made.finish = finish;
  return made;
}

}  // namespace lineas
