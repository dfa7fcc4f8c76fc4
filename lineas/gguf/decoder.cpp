#include "lineas/gguf/decoder.h"

#include <algorithm>
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/gguf/rope_scaling.h"

namespace lineas {
namespace {

/// Keys at whose value nothing changes: at another they are refused.
struct Neutral {
  const char* key;
  double value;
};
constexpr Neutral kNeutral[] = {{"expert_count", 0},
                                {"expert_used_count", 0},
                                {"attention.max_alibi_bias", 0},
                                {"attention.clamp_kqv", 0},
                                {"logit_scale", 1},
                                {"pooling_type", 0}};

/// Keys that say what the tensors say, or what only other programs need.
constexpr const char* kIgnored[] = {
    "vocab_size", "tensor_data_layout", "use_parallel_residual"};

void read_neutral_keys(GgufReading& reading) {
  for (const auto& [key, value] : kNeutral)
    // What the architecture's own file has read it obeys.
    if (!reading.was_read(key) && reading.has(key) &&
        reading.take<double>(key) != value)
      reading.refuse(key, fmt::format("is not {}", value));
  for (const char* key : kIgnored) reading.has(key);
  if (!reading.take_or("attention.causal", true))
    reading.refuse("attention.causal", "is false");
}

/// The width of a head: as said, else what the heads share.
int64_t read_head_width(GgufReading& reading) {
  const int64_t heads = reading.size("num_attention_heads");
  const int64_t shared =
      heads > 0 ? reading.size("hidden_size") / heads : int64_t{0};
  const bool is_said = reading.has("attention.key_length");
  const int64_t width =
      is_said ? reading.take<int64_t>("attention.key_length") : shared;
  if (is_said) reading.config["head_dim"] = width;
  if (reading.take_or("attention.value_length", width) != width)
    reading.refuse("attention.value_length",
                   "is another than that of keys, which is not supported");
  return width;
}

}  // namespace

GgufArchitecture gguf_decoder(std::string huggingface, std::string model_type) {
  GgufArchitecture made;
  made.huggingface = std::move(huggingface);
  made.model_type = std::move(model_type);
  made.keys = {{"context_length", "max_position_embeddings", true},
               {"embedding_length", "hidden_size", true},
               {"block_count", "num_hidden_layers", true},
               {"feed_forward_length", "intermediate_size", true},
               {"attention.head_count", "num_attention_heads", true},
               {"attention.head_count_kv", "num_key_value_heads"},
               {"attention.layer_norm_rms_epsilon", "rms_norm_eps", true},
               {"rope.freq_base", "rope_theta"}};
  made.names = {{"token_embd", "model.embed_tokens"},
                {"output_norm", "model.norm"},
                {"output", "lm_head"},
                {"blk.*.attn_norm", "model.layers.*.input_layernorm"},
                {"blk.*.attn_q", "model.layers.*.self_attn.q_proj"},
                {"blk.*.attn_k", "model.layers.*.self_attn.k_proj"},
                {"blk.*.attn_v", "model.layers.*.self_attn.v_proj"},
                {"blk.*.attn_output", "model.layers.*.self_attn.o_proj"},
                {"blk.*.ffn_norm", "model.layers.*.post_attention_layernorm"},
                {"blk.*.ffn_gate", "model.layers.*.mlp.gate_proj"},
                {"blk.*.ffn_up", "model.layers.*.mlp.up_proj"},
                {"blk.*.ffn_down", "model.layers.*.mlp.down_proj"}};
  made.finish = finish_decoder;
  return made;
}

void set_change(GgufArchitecture& architecture,
                const std::string& gguf,
                Change change) {
  for (NameRule& rule : architecture.names)
    if (gguf == rule.gguf) {
      rule.change = change;
      return;
    }
  fail(ErrorKind::usage, "{} has no tensor {}", architecture.huggingface, gguf);
}

void set_rotated(GgufArchitecture& architecture) {
  set_change(architecture, "blk.*.attn_q", Change::queries);
  set_change(architecture, "blk.*.attn_k", Change::keys);
}

void finish_common(GgufReading& reading) {
  const std::vector<int64_t>& table =
      reading.file().tensor("token_embd.weight").shape;
  if (table.size() != 2)
    fail(ErrorKind::format,
         "{}: tensor \"token_embd.weight\" has shape {}, it must be "
         "[vocabulary, width]",
         reading.file().path(),
         to_string(table));
  reading.config["vocab_size"] = table[0];
  reading.config["tie_word_embeddings"] =
      !reading.file().contains("output.weight");
  read_neutral_keys(reading);
}

void finish_decoder(GgufReading& reading) {
  const int64_t width = read_head_width(reading);
  const auto rotated = reading.take_or("rope.dimension_count", width);
  if (rotated != width)
    reading.refuse("rope.dimension_count",
                   fmt::format("is {} of a head's {}: rotating a part of the "
                               "head is not supported here",
                               rotated,
                               width));
  read_rope_scaling(reading, width);
  finish_common(reading);
}

bool has_in_layers(const GgufReading& reading, const std::string& name) {
  return reading.file().contains("blk.0." + name);
}

void read_layer_types(GgufReading& reading, int64_t every) {
  const char* key = "attention.sliding_window_pattern";
  std::vector<bool> slides;
  const int64_t layers = reading.size("num_hidden_layers");
  if (reading.has(key) && reading.take_json(key).is_array()) {
    slides = reading.take<std::vector<bool>>(key);
  } else {
    every = reading.take_or(key, every);
    for (int64_t layer = 0; layer < layers; ++layer)
      slides.push_back(every > 0 && (layer + 1) % every != 0);
  }
  Json& types = reading.config["layer_types"] = Json::array();
  for (const bool is_sliding : slides)
    types.push_back(is_sliding ? "sliding_attention" : "full_attention");
}

void read_gemma_scale(GgufReading& reading, int64_t large) {
  Json& scaled_as = reading.config["query_pre_attn_scalar"];
  if (reading.has("attention.scale")) {
    const auto scale = reading.take<double>("attention.scale");
    scaled_as = std::llround(1 / (scale * scale));
  } else if (reading.size("num_hidden_layers") == large) {
    scaled_as =
        reading.size("hidden_size") / reading.size("num_attention_heads");
  } else {
    scaled_as =
        reading.config.contains("head_dim")
            ? reading.size("head_dim")
            : reading.size("hidden_size") / reading.size("num_attention_heads");
  }
}

}  // namespace lineas
