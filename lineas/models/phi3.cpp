// Phi-3, Phi-3.5, Phi-4: one product for q, k and v, one for gate and up; heads
// of which only a part may rotate; longrope. Source: HF
// models/phi3/modeling_phi3.py.
#include "lineas/base/error.h"
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {
namespace {

class Attention {
 public:
  Attention(const WeightScope& scope,
            const AttentionConfig& config,
            int64_t layer)
      : config_(config),
        layer_(layer),
        site_(scope.site(config.width)),
        o_proj_(scope / "o_proj",
                config.heads * config.head_width,
                config.width,
                false),
        qkv_proj_(scope / "qkv_proj",
                  config.width,
                  (config.heads + 2 * config.kv_heads) * config.head_width,
                  false) {}

  Tensor operator()(const Tensor& x_SD,
                    const AttentionCall& call,
                    Pass& pass) const {
    const Tensor qkv_SHd =
        qkv_proj_(x_SD, pass).view({x_SD.size(0), -1, config_.head_width});
    const std::vector<Tensor> parts = qkv_SHd.split_with_sizes(
        {config_.heads, config_.kv_heads, config_.kv_heads}, 1);
    const Tensor o_SD = attend(rotate_part(parts[0].contiguous(), call.angles),
                               rotate_part(parts[1].contiguous(), call.angles),
                               parts[2],
                               config_.core,
                               call,
                               layer_);
    return pass.visit(site_, o_proj_(o_SD, pass));
  }

 private:
  AttentionConfig config_;
  int64_t layer_;
  SiteIndex site_;
  Linear o_proj_, qkv_proj_;
};

class Mlp {
 public:
  Mlp(const WeightScope& scope, const GatedMlpConfig& config)
      : activation_(config.activation),
        site_(scope.site(config.width)),
        gate_up_proj_(
            scope / "gate_up_proj", config.width, 2 * config.inner, false),
        down_proj_(scope / "down_proj", config.inner, config.width, false) {}

  Tensor operator()(const Tensor& x_SD, Pass& pass) const {
    const std::vector<Tensor> parts = gate_up_proj_(x_SD, pass).chunk(2, -1);
    const Tensor inner_SF = activate(parts[0], activation_) * parts[1];
    return pass.visit(site_, down_proj_(inner_SF, pass));
  }

 private:
  Activation activation_;
  SiteIndex site_;
  Linear gate_up_proj_, down_proj_;
};

// The class takes exactly these keys of the older layout, and of types only
// this one.
void check_scaling(const ModelFiles& files, const RopeSettings& rope) {
  if (rope.type != RopeType::plain && rope.type != RopeType::longrope)
    fail(ErrorKind::unsupported,
         "{}: rotary positions of Phi-3 are of type default or longrope",
         files.where);
  const Json scaling = config_or<Json>(files, "rope_scaling", Json::object());
  for (const auto& item : scaling.items())
    if (item.key() != "type" && item.key() != "rope_type" &&
        item.key() != "short_factor" && item.key() != "long_factor")
      fail(ErrorKind::unsupported,
           "{}: \"rope_scaling\": \"{}\" is not a key that Phi-3 has",
           files.where,
           item.key());
}

}  // namespace

const char* defaults_phi3() {
  return R"({
    "vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192,
    "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": null, "hidden_act": "silu",
    "max_position_embeddings": 4096, "original_max_position_embeddings": 4096,
    "rms_norm_eps": 1e-5, "tie_word_embeddings": false, "sliding_window": null
  })";
}

std::unique_ptr<LanguageNetwork> make_phi3(ModelFiles& files) {
  DecoderConfig config =
      read_decoder_config(files, {.rotates_parts = true, .is_phi3 = true});
  check_scaling(files, config.rope);
  config.windows.assign(config.info.layers, read_window(files));
  config.make_attention = [](const WeightScope& scope,
                             const AttentionConfig& attention,
                             int64_t layer) {
    return Attention(scope, attention, layer);
  };
  config.make_mlp = [mlp = config.mlp](const WeightScope& scope, int64_t) {
    return Mlp(scope, mlp);
  };
  return make_decoder(files, config);
}

}  // namespace lineas
