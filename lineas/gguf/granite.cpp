// Granite 3: Llama's shape with four factors, on embeddings, scores, residuals
// and logits.
#include <cmath>

#include "lineas/gguf/decoder.h"

namespace lineas {
namespace {

void finish(GgufReading& reading) {
  Json& config = reading.config;
  const auto head = static_cast<double>(reading.size("hidden_size")) /
                    static_cast<double>(reading.size("num_attention_heads"));
  config["attention_multiplier"] =
      reading.take_or("attention.scale", 1 / std::sqrt(head));
  config["embedding_multiplier"] = reading.take_or("embedding_scale", 1.0);
  config["residual_multiplier"] = reading.take_or("residual_scale", 1.0);
  config["logits_scaling"] = reading.take_or("logit_scale", 1.0);
  config["attention_bias"] = has_in_layers(reading, "attn_q.bias");
  config["mlp_bias"] = has_in_layers(reading, "ffn_up.bias");
  // Here this key is the switch of all rotation.
  if (!reading.take_or("rope.scaling.finetuned", true))
    reading.refuse("rope.scaling.finetuned", "is false: no rotation at all");
  finish_decoder(reading);
}

}  // namespace

GgufArchitecture gguf_granite() {
  GgufArchitecture made = gguf_decoder("GraniteForCausalLM", "granite");
  set_rotated(made);
  made.finish = finish;
  return made;
}

}  // namespace lineas
