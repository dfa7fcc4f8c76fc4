// Gemma 3, the text models: Gemma 2 without caps on scores, with norms of every
// query and key head, five layers with a sliding window and a rotation base of
// their own for each full one. The 27B model (62 layers) has its own scale.
#include "lineas/gguf/decoder.h"
#include "lineas/gguf/gemma.h"

namespace lineas {
namespace {

void finish(GgufReading& reading) {
  finish_decoder(reading);
  read_gemma_scale(reading, 62);
  Json& config = reading.config;
  config["rope_local_base_freq"] =
      reading.take_or("rope.freq_base_swa", 10000.0);
  if (!config.contains("rope_theta")) config["rope_theta"] = 1e6;
  // Without a window every layer is full.
  read_layer_types(reading, config.contains("sliding_window") ? 6 : 1);
  if (!config.contains("final_logit_softcapping"))
    config["final_logit_softcapping"] = nullptr;
  config["attn_logit_softcapping"] = nullptr;
}

}  // namespace

GgufArchitecture gguf_gemma3() {
  GgufArchitecture made = gguf_decoder("Gemma3ForCausalLM", "gemma3_text");
  made.names.insert(made.names.end(),
                    {{"blk.*.attn_q_norm", "model.layers.*.self_attn.q_norm"},
                     {"blk.*.attn_k_norm", "model.layers.*.self_attn.k_norm"}});
  set_gemma_norms(made);
  made.keys.insert(made.keys.end(),
                   {{"final_logit_softcapping", "final_logit_softcapping"},
                    {"attention.sliding_window", "sliding_window"}});
  made.finish = finish;
  return made;
}

}  // namespace lineas
