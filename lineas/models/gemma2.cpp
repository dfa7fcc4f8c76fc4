// Gemma 2: norms before and behind each half of a block whose files hold
// gain - 1, soft caps on scores and logits, a sliding window on every other
// layer, embeddings times sqrt(width). Knows no other architecture.
// Source: HF models/gemma2/modeling_gemma2.py; Gemma Team 2024.
#include <cmath>

#include "lineas/models/config.h"
#include "lineas/models/registry.h"
#include "lineas/nn/attention.h"
#include "lineas/nn/mlp.h"

namespace lineas {
namespace {

struct Config {
  LanguageModelInfo info;
  AttentionConfig attention;
  GatedMlpConfig mlp;
  double eps = 1e-6;
  double logit_cap = 0;  // cap * tanh(logit / cap) where > 0
  std::vector<int64_t> windows;
};

// A key that is null turns the cap off; without the key it is HF's.
double read_cap(const ModelFiles& files,
                const std::string& key,
                double fallback) {
  return is_null(files, key) ? 0 : config_or(files, key, fallback);
}

AttentionConfig read_attention(const ModelFiles& files, int64_t width) {
  AttentionConfig config;
  config.width = width;
  config.heads = require_size(files, "num_attention_heads");
  config.kv_heads = require_size(files, "num_key_value_heads");
  check_divides(files,
                "num_key_value_heads",
                config.kv_heads,
                "num_attention_heads",
                config.heads);
  config.head_width = even_size_or(files, "head_dim", 256);
  config.qkv_bias = config_or(files, "attention_bias", false);
  config.output_bias = config.qkv_bias;
  const auto scaled_as = size_or(files, "query_pre_attn_scalar", 256);
  config.core.scale = 1 / std::sqrt(static_cast<double>(scaled_as));
  config.core.soft_cap = read_cap(files, "attn_logit_softcapping", 50);
  return config;
}

Config read_config(const ModelFiles& files) {
  Config config;
  config.info = {.vocabulary = require_size(files, "vocab_size"),
                 .width = require_size(files, "hidden_size"),
                 .layers = require_size(files, "num_hidden_layers"),
                 .context = require_size(files, "max_position_embeddings"),
                 .tied_head = config_or(files, "tie_word_embeddings", true)};
  config.attention = read_attention(files, config.info.width);
  config.mlp = {.width = config.info.width,
                .inner = require_size(files, "intermediate_size"),
                .activation = parse_activation(
                    config_or<std::string>(
                        files, "hidden_activation", "gelu_pytorch_tanh"),
                    files.where)};
  config.eps = config_or(files, "rms_norm_eps", 1e-6);
  config.logit_cap = read_cap(files, "final_logit_softcapping", 30);
  config.windows =
      windows_by_type(files,
                      config.info.layers,
                      size_or(files, "sliding_window", kDefaultWindow),
                      [](int64_t layer) { return layer % 2 == 0; });
  return config;
}

AttentionConfig attention_of_layer(const Config& config, int64_t layer) {
  AttentionConfig attention = config.attention;
  attention.core.window = config.windows[layer];
  return attention;
}

RmsNorm make_norm(const WeightScope& scope, const Config& config) {
  return RmsNorm(
      scope, config.info.width, config.eps, /*stored_minus_one=*/true);
}

class Block {
 public:
  Block(const WeightScope& scope, const Config& config, int64_t layer)
      : site_(scope.site(config.info.width)),
        self_attn_(
            scope / "self_attn", attention_of_layer(config, layer), layer),
        mlp_(scope / "mlp", config.mlp),
        input_layernorm_(make_norm(scope / "input_layernorm", config)),
        post_attention_layernorm_(
            make_norm(scope / "post_attention_layernorm", config)),
        pre_feedforward_layernorm_(
            make_norm(scope / "pre_feedforward_layernorm", config)),
        post_feedforward_layernorm_(
            make_norm(scope / "post_feedforward_layernorm", config)) {}

  Tensor operator()(Tensor x_SD, const AttentionCall& call, Pass& pass) const {
    const Tensor a_SD = self_attn_(input_layernorm_(x_SD, pass), call, pass);
    x_SD = x_SD + post_attention_layernorm_(a_SD, pass);
    const Tensor m_SD = mlp_(pre_feedforward_layernorm_(x_SD, pass), pass);
    x_SD = x_SD + post_feedforward_layernorm_(m_SD, pass);
    return pass.visit(site_, x_SD);
  }

 private:
  SiteIndex site_;
  GroupedAttention self_attn_;
  GatedMlp mlp_;
  RmsNorm input_layernorm_, post_attention_layernorm_;
  RmsNorm pre_feedforward_layernorm_, post_feedforward_layernorm_;
};

class Model : public LanguageNetwork {
 public:
  Model(ModelFiles& files, const Config& config);

  Tensor hidden(const Tensor& ids_S,
                Pass& pass,
                KvCache* cache) const override {
    const RowLayout layout(pass.rows(), ids_S.device());
    const AttentionCall call{layout, rope_.angles(layout.positions_S()), cache};
    Tensor x_SD = embed_tokens_(ids_S, pass);
    // HF rounds the factor to the model's dtype, and its hook sees the
    // embedding without it.
    const double factor = std::sqrt(static_cast<double>(info_.width));
    x_SD = x_SD * at::scalar_tensor(factor, x_SD.options());
    for (const Block& block : layers_) x_SD = block(x_SD, call, pass);
    return norm_(x_SD, pass);
  }

  // The site sees the logits before the cap, as HF's hook on lm_head does.
  Tensor logits(const Tensor& x_SD, Pass& pass) const override {
    const Tensor logits_SV = lm_head_(x_SD, pass);
    return logit_cap_ > 0 ? (logits_SV / logit_cap_).tanh() * logit_cap_
                          : logits_SV;
  }

  SiteIndex head_site() const override { return lm_head_.site(); }

 private:
  double logit_cap_;
  Rope rope_;
  Embedding embed_tokens_;
  std::vector<Block> layers_;
  RmsNorm norm_;
  Linear lm_head_;
};

Model::Model(ModelFiles& files, const Config& config)
    : LanguageNetwork(config.info),
      logit_cap_(config.logit_cap),
      rope_(files.config, config.attention.head_width, files.where),
      embed_tokens_(WeightScope(files.source) / "model" / "embed_tokens",
                    config.info.vocabulary,
                    config.info.width),
      layers_(make_blocks<Block>(WeightScope(files.source) / "model" / "layers",
                                 config)),
      norm_(make_norm(WeightScope(files.source) / "model" / "norm", config)),
      lm_head_(make_head(
          WeightScope(files.source) / "lm_head", config.info, embed_tokens_)) {}

}  // namespace

std::unique_ptr<LanguageNetwork> make_gemma2(ModelFiles& files) {
  return std::make_unique<Model>(files, read_config(files));
}

}  // namespace lineas
