// GPT-2: one product for q, k and v, learned positions, biases everywhere, and
// weights that Hugging Face keeps as [in, out] and GGUF as [out, in].
#include "lineas/gguf/decoder.h"

namespace lineas {

GgufArchitecture gguf_gpt2() {
  GgufArchitecture made;
  made.huggingface = "GPT2LMHeadModel";
  made.model_type = "gpt2";
  made.keys = {{"context_length", "n_positions", true},
               {"embedding_length", "n_embd", true},
               {"block_count", "n_layer", true},
               {"feed_forward_length", "n_inner"},
               {"attention.head_count", "n_head", true},
               {"attention.layer_norm_epsilon", "layer_norm_epsilon", true}};
  constexpr Change kTransposed = Change::transposed;
  made.names = {
      {"token_embd", "transformer.wte"},
      {"position_embd", "transformer.wpe"},
      {"output_norm", "transformer.ln_f"},
      {"output", "lm_head"},
      {"blk.*.attn_norm", "transformer.h.*.ln_1"},
      {"blk.*.attn_qkv", "transformer.h.*.attn.c_attn", kTransposed},
      {"blk.*.attn_output", "transformer.h.*.attn.c_proj", kTransposed},
      {"blk.*.ffn_norm", "transformer.h.*.ln_2"},
      {"blk.*.ffn_up", "transformer.h.*.mlp.c_fc", kTransposed},
      {"blk.*.ffn_down", "transformer.h.*.mlp.c_proj", kTransposed}};
  made.finish = finish_common;
  return made;
}

}  // namespace lineas
