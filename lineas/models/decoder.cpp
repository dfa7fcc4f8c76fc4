#include "lineas/models/decoder.h"

#include <cmath>

namespace lineas {
namespace {

AttentionConfig with_window(AttentionConfig config, int64_t window) {
  config.core.window = window;
  return config;
}

class Block {
 public:
  Block(const WeightScope& scope, const DecoderConfig& config, int64_t layer)
      : site_(scope.site(config.info.width)),
        self_attn_(scope / "self_attn",
                   with_window(config.attention, config.windows[layer]),
                   layer),
        mlp_(scope / "mlp", config.mlp),
        input_layernorm_(
            scope / "input_layernorm", config.info.width, config.eps),
        post_attention_layernorm_(
            scope / "post_attention_layernorm", config.info.width, config.eps) {
  }

  Tensor operator()(Tensor x_SD, const AttentionCall& call, Pass& pass) const {
    x_SD = x_SD + self_attn_(input_layernorm_(x_SD, pass), call, pass);
    x_SD = x_SD + mlp_(post_attention_layernorm_(x_SD, pass), pass);
    return pass.visit(site_, x_SD);
  }

 private:
  SiteIndex site_;
  GroupedAttention self_attn_;
  GatedMlp mlp_;
  RmsNorm input_layernorm_, post_attention_layernorm_;
};

class Decoder : public LanguageNetwork {
 public:
  Decoder(ModelFiles& files, const DecoderConfig& config);

  Tensor hidden(const Tensor& ids_S,
                Pass& pass,
                KvCache* cache) const override {
    const RowLayout layout(pass.rows(), ids_S.device());
    const AttentionCall call{layout, rope_.angles(layout.positions_S()), cache};
    Tensor x_SD = embed_tokens_(ids_S, pass);
    for (const Block& block : layers_) x_SD = block(x_SD, call, pass);
    return norm_(x_SD, pass);
  }

  Tensor logits(const Tensor& x_SD, Pass& pass) const override {
    return lm_head_(x_SD, pass);
  }

  SiteIndex head_site() const override { return lm_head_.site(); }

 private:
  Rope rope_;
  Embedding embed_tokens_;
  std::vector<Block> layers_;
  RmsNorm norm_;
  Linear lm_head_;
};

Decoder::Decoder(ModelFiles& files, const DecoderConfig& config)
    : LanguageNetwork(config.info),
      rope_(files.config, config.attention.head_width, files.where),
      embed_tokens_(WeightScope(files.source) / "model" / "embed_tokens",
                    config.info.vocabulary,
                    config.info.width),
      layers_(make_blocks<Block>(WeightScope(files.source) / "model" / "layers",
                                 config)),
      norm_(WeightScope(files.source) / "model" / "norm",
            config.info.width,
            config.eps),
      lm_head_(make_head(
          WeightScope(files.source) / "lm_head", config.info, embed_tokens_)) {}

LanguageModelInfo read_info(const ModelFiles& files) {
  return {.vocabulary = require_size(files, "vocab_size"),
          .width = require_size(files, "hidden_size"),
          .layers = require_size(files, "num_hidden_layers"),
          .context = require_size(files, "max_position_embeddings"),
          .tied_head = config_or(files, "tie_word_embeddings", false)};
}

}  // namespace

DecoderConfig read_decoder_config(const ModelFiles& files) {
  DecoderConfig config;
  config.info = read_info(files);
  const int64_t width = config.info.width;
  AttentionConfig& attention = config.attention;
  attention.width = width;
  attention.heads = require_size(files, "num_attention_heads");
  attention.kv_heads = size_or(files, "num_key_value_heads", attention.heads);
  check_divides(files,
                "num_key_value_heads",
                attention.kv_heads,
                "num_attention_heads",
                attention.heads);
  if (!files.config.contains("head_dim") || is_null(files, "head_dim"))
    check_divides(
        files, "num_attention_heads", attention.heads, "hidden_size", width);
  attention.head_width =
      even_size_or(files, "head_dim", width / attention.heads);
  attention.core.scale =
      1.0 / std::sqrt(static_cast<double>(attention.head_width));
  config.mlp = {
      .width = width,
      .inner = require_size(files, "intermediate_size"),
      .activation = parse_activation(
          config_or<std::string>(files, "hidden_act", "silu"), files.where)};
  config.eps = config_or(files, "rms_norm_eps", 1e-6);
  config.windows.assign(config.info.layers, 0);
  return config;
}

std::unique_ptr<LanguageNetwork> make_decoder(ModelFiles& files,
                                              const DecoderConfig& config) {
  return std::make_unique<Decoder>(files, config);
}

}  // namespace lineas
