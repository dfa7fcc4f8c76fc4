// SmolLM3: Llama's shape, every fourth layer without rotation. The file does
// not say which, because that holds for all of them.
#include "lineas/gguf/decoder.h"

namespace lineas {
namespace {

constexpr int64_t kUnrotatedEvery = 4;

void finish(GgufReading& reading) {
  finish_decoder(reading);
  Json& config = reading.config;
  config["attention_bias"] = has_in_layers(reading, "attn_q.bias");
  config["mlp_bias"] = has_in_layers(reading, "ffn_up.bias");
  config["use_sliding_window"] = false;
  config["no_rope_layer_interval"] = kUnrotatedEvery;
  Json& rotates = config["no_rope_layers"] = Json::array();
  for (int64_t i = 0; i < reading.size("num_hidden_layers"); ++i)
    rotates.push_back((i + 1) % kUnrotatedEvery == 0 ? 0 : 1);
}

}  // namespace

GgufArchitecture gguf_smollm3() {
  GgufArchitecture made = gguf_decoder("SmolLM3ForCausalLM", "smollm3");
  set_rotated(made);
  made.finish = finish;
  return made;
}

}  // namespace lineas
