// Gemma 2: norms before and behind each half of a block, stored with the one
// added, soft caps, a sliding window on every other layer. The scale of scores
// is not in the file: the 27B model (46 layers) has its own.
#include "lineas/gguf/decoder.h"
#include "lineas/gguf/gemma.h"

namespace lineas {
namespace {

void finish(GgufReading& reading) {
  finish_decoder(reading);
  read_gemma_scale(reading, 46);
  read_layer_types(reading, 2);
  // A cap that the file does not have is one that the model does not have.
  for (const char* cap : {"attn_logit_softcapping", "final_logit_softcapping"})
    if (!reading.config.contains(cap)) reading.config[cap] = nullptr;
}

}  // namespace

void set_gemma_norms(GgufArchitecture& architecture) {
  for (NameRule& rule : architecture.names)
    if (std::string_view(rule.gguf) == "blk.*.ffn_norm")
      rule.name = "model.layers.*.pre_feedforward_layernorm";
  architecture.names.insert(
      architecture.names.end(),
      {{"blk.*.post_attention_norm", "model.layers.*.post_attention_layernorm"},
       {"blk.*.post_ffw_norm", "model.layers.*.post_feedforward_layernorm"}});
  for (NameRule& rule : architecture.names)
    if (std::string_view(rule.gguf).ends_with("norm"))
      rule.change = Change::plus_one;
}

GgufArchitecture gguf_gemma2() {
  GgufArchitecture made = gguf_decoder("Gemma2ForCausalLM", "gemma2");
  set_gemma_norms(made);
  made.keys.insert(made.keys.end(),
                   {{"attn_logit_softcapping", "attn_logit_softcapping"},
                    {"final_logit_softcapping", "final_logit_softcapping"},
                    {"attention.sliding_window", "sliding_window", true}});
  made.finish = finish;
  return made;
}

}  // namespace lineas
