// Source: HF models/clip/configuration_clip.py, models/t5/configuration_t5.py.
#include "lineas/diffusion/text_encoder_config.h"

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/diffusion/config_fields.h"

namespace lineas {
namespace {

constexpr const char* kClipDefaults = R"({
  "vocab_size": 49408, "hidden_size": 512, "intermediate_size": 2048,
  "projection_dim": 512, "num_hidden_layers": 12, "num_attention_heads": 8,
  "max_position_embeddings": 77, "hidden_act": "quick_gelu",
  "layer_norm_eps": 1e-5, "eos_token_id": 49407
})";

constexpr const char* kT5Defaults = R"({
  "vocab_size": 32128, "d_model": 512, "d_kv": 64, "d_ff": 2048,
  "num_layers": 6, "num_heads": 8, "relative_attention_num_buckets": 32,
  "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6,
  "feed_forward_proj": "relu", "dense_act_fn": null, "is_gated_act": null
})";

// "gated-gelu" or "relu" in its parts. A file's own "dense_act_fn" and
// "is_gated_act" win, though transformers computes them from this field.
void read_feed_forward(const ConfigFields& fields, T5Config& config) {
  const std::string kind = fields.text("feed_forward_proj");
  const size_t dash = kind.find('-');
  config.is_gated = kind.starts_with("gated-");
  if (dash != kind.npos &&
      (!config.is_gated || kind.find('-', dash + 1) != kind.npos))
    fail(ErrorKind::format,
         "{}: \"feed_forward_proj\" is \"{}\", it must be an activation or "
         "gated-ACTIVATION",
         fields.where(),
         printable(kind));
  config.activation = dash == kind.npos ? kind : kind.substr(dash + 1);
  if (kind == "gated-gelu") config.activation = "gelu_new";
  if (!fields.is_null("dense_act_fn"))
    config.activation = fields.text("dense_act_fn");
  if (!fields.is_null("is_gated_act"))
    config.is_gated = fields.flag("is_gated_act");
}

}  // namespace

ClipTextConfig read_clip_text_config(const Json& config,
                                     const std::string& where) {
  if (text_or_none(config, "model_type") == "clip" &&
      config.contains("text_config") && config["text_config"].is_object())
    return read_clip_text_config(config["text_config"], where);
  const ConfigFields fields(config, kClipDefaults, where);
  const ClipTextConfig read{
      .vocabulary = fields.size("vocab_size"),
      .width = fields.size("hidden_size"),
      .inner = fields.size("intermediate_size"),
      .projection = fields.size("projection_dim"),
      .layers = fields.size("num_hidden_layers"),
      .heads = fields.size("num_attention_heads"),
      .context = fields.size("max_position_embeddings"),
      .activation = fields.text("hidden_act"),
      .eps = fields.positive("layer_norm_eps"),
      .eos_id = fields.integer("eos_token_id"),
  };
  if (read.width % read.heads != 0)
    fail(ErrorKind::format,
         "{}: \"hidden_size\" = {} is not a multiple of "
         "\"num_attention_heads\" = {}",
         where,
         read.width,
         read.heads);
  return read;
}

T5Config read_t5_config(const Json& config, const std::string& where) {
  ConfigFields fields(config, kT5Defaults, where);
  fields.other_name("hidden_size", "d_model");
  fields.other_name("num_attention_heads", "num_heads");
  fields.other_name("num_hidden_layers", "num_layers");
  fields.other_name("head_dim", "d_kv");
  T5Config read{
      .vocabulary = fields.size("vocab_size"),
      .width = fields.size("d_model"),
      .head_width = fields.size("d_kv"),
      .heads = fields.size("num_heads"),
      .inner = fields.size("d_ff"),
      .layers = fields.size("num_layers"),
      .buckets = fields.size("relative_attention_num_buckets"),
      .max_distance = fields.size("relative_attention_max_distance"),
      .eps = fields.positive("layer_norm_epsilon"),
  };
  read_feed_forward(fields, read);
  // Half of the buckets are a direction's, half of those are exact.
  if (read.buckets < 4 || read.buckets % 4 != 0 ||
      read.max_distance <= read.buckets / 4)
    fail(ErrorKind::format,
         "{}: \"relative_attention_num_buckets\" = {} with "
         "\"relative_attention_max_distance\" = {}: buckets come in fours, and "
         "a quarter of them must be below the distance",
         where,
         read.buckets,
         read.max_distance);
  return read;
}

}  // namespace lineas
