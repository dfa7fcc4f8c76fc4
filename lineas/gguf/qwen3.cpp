// Qwen3, the dense models: norms of every query and key head.
#include "lineas/gguf/decoder.h"

namespace lineas {
namespace {

void finish(GgufReading& reading) {
  finish_decoder(reading);
  reading.config["attention_bias"] = has_in_layers(reading, "attn_q.bias");
}

}  // namespace

GgufArchitecture gguf_qwen3() {
  GgufArchitecture made = gguf_decoder("Qwen3ForCausalLM", "qwen3");
  made.names.insert(made.names.end(),
                    {{"blk.*.attn_q_norm", "model.layers.*.self_attn.q_norm"},
                     {"blk.*.attn_k_norm", "model.layers.*.self_attn.k_norm"}});
  made.finish = finish;
  return made;
}

}  // namespace lineas
