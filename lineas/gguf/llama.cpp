// Llama, Mistral, DeepSeek-LLM, SmolLM 1 and 2, and what else calls itself
// "llama". Sources: HF modeling_llama.py; llama.cpp, conversion/llama.py.
#include "lineas/gguf/decoder.h"

namespace lineas {
namespace {

void finish(GgufReading& reading) {
  finish_decoder(reading);
  reading.config["attention_bias"] = has_in_layers(reading, "attn_q.bias");
  reading.config["mlp_bias"] = has_in_layers(reading, "ffn_up.bias");
  if (!reading.has("attention.sliding_window")) return;
  // Llama's config has no such key, Mistral's has.
  reading.config["architectures"] = {"MistralForCausalLM"};
  reading.config["model_type"] = "mistral";
  reading.config["sliding_window"] =
      reading.take<int64_t>("attention.sliding_window");
}

}  // namespace

GgufArchitecture gguf_llama() {
  GgufArchitecture made = gguf_decoder("LlamaForCausalLM", "llama");
  set_rotated(made);
  made.finish = finish;
  return made;
}

}  // namespace lineas
