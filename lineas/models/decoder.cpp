#include "lineas/models/decoder.h"

#include <cmath>

#include "lineas/models/rope_config.h"

namespace lineas {
namespace {

AttentionModule make_attention(const WeightScope& scope,
                               const DecoderConfig& config,
                               int64_t layer) {
  AttentionConfig attention = config.attention;
  attention.core.window = config.windows[layer];
  if (config.make_attention)
    return config.make_attention(scope, attention, layer);
  return GroupedAttention(scope, attention, layer);
}

FeedForward make_feed_forward(const WeightScope& scope,
                              const DecoderConfig& config,
                              int64_t layer) {
  if (config.make_mlp) return config.make_mlp(scope, layer);
  return GatedMlp(scope, config.mlp);
}

// Modules are made in the order of transformers' named_modules().
class Block {
 public:
  Block(const WeightScope& scope, const DecoderConfig& config, int64_t layer)
      : norms_outputs_(config.norms_outputs),
        rotates_(config.rotates[layer]),
        residual_factor_(config.residual_factor),
        site_(scope.site(config.info.width)),
        self_attn_(make_attention(scope / "self_attn", config, layer)),
        mlp_(make_feed_forward(scope / "mlp", config, layer)),
        first_norm_(scope / (norms_outputs_ ? "post_attention_layernorm"
                                            : "input_layernorm"),
                    config.info.width,
                    config.eps),
        second_norm_(scope / (norms_outputs_ ? "post_feedforward_layernorm"
                                             : "post_attention_layernorm"),
                     config.info.width,
                     config.eps) {}

  Tensor operator()(Tensor x_SD, const AttentionCall& call, Pass& pass) const {
    const AttentionCall unrotated{.layout = call.layout, .cache = call.cache};
    const AttentionCall& own = rotates_ ? call : unrotated;
    if (norms_outputs_) {
      x_SD = x_SD + scaled(first_norm_(self_attn_(x_SD, own, pass), pass));
      x_SD = x_SD + scaled(second_norm_(mlp_(x_SD, pass), pass));
    } else {
      x_SD = x_SD + scaled(self_attn_(first_norm_(x_SD, pass), own, pass));
      x_SD = x_SD + scaled(mlp_(second_norm_(x_SD, pass), pass));
    }
    return pass.visit(site_, x_SD);
  }

 private:
  Tensor scaled(const Tensor& x_SD) const {
    return residual_factor_ == 1 ? x_SD : x_SD * residual_factor_;
  }

  bool norms_outputs_, rotates_;
  double residual_factor_;
  SiteIndex site_;
  AttentionModule self_attn_;
  FeedForward mlp_;
  RmsNorm first_norm_, second_norm_;
};

class Decoder : public LanguageNetwork {
 public:
  Decoder(ModelFiles& files, const DecoderConfig& config);

  Tensor hidden(const Tensor& ids_S,
                Pass& pass,
                KvCache* cache) const override {
    const RowLayout layout(pass.rows(), ids_S.device());
    const AttentionCall call{
        layout, rope_.angles(layout.positions_S(), pass.rows()), cache};
    Tensor x_SD = embed_tokens_(ids_S, pass);
    if (embedding_factor_ != 1) x_SD = x_SD * embedding_factor_;
    for (const Block& block : layers_) x_SD = block(x_SD, call, pass);
    return norm_(x_SD, pass);
  }

  // The site sees the logits before the division, as HF's hook on lm_head does.
  Tensor logits(const Tensor& x_SD, Pass& pass) const override {
    const Tensor logits_SV = lm_head_(x_SD, pass);
    return logit_divisor_ == 1 ? logits_SV : logits_SV / logit_divisor_;
  }

  SiteIndex head_site() const override { return lm_head_.site(); }

 private:
  double embedding_factor_, logit_divisor_;
  Rope rope_;
  Embedding embed_tokens_;
  std::vector<Block> layers_;
  RmsNorm norm_;
  Linear lm_head_;
};

Decoder::Decoder(ModelFiles& files, const DecoderConfig& config)
    : LanguageNetwork(config.info),
      embedding_factor_(config.embedding_factor),
      logit_divisor_(config.logit_divisor),
      rope_(config.rope),
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

}  // namespace

DecoderConfig read_decoder_config(const ModelFiles& files,
                                  const DecoderTraits& traits) {
  DecoderConfig config;
  config.info = read_info(files);
  config.attention = read_attention(files, config.info.width);
  const int64_t head_width = config.attention.head_width;
  config.attention.core.scale =
      1.0 / std::sqrt(static_cast<double>(head_width));
  config.mlp = {.width = config.info.width,
                .inner = require_size(files, "intermediate_size"),
                .activation = read_activation(files, "hidden_act"),
                .bias = flag(files, "mlp_bias")};
  config.rope = read_rope(files,
                          {.head_width = head_width,
                           .theta = traits.rope_theta,
                           .rotates_parts = traits.rotates_parts,
                           .is_phi3 = traits.is_phi3});
  config.info.context = read_context(files, config.rope);
  config.eps = require_number(files, "rms_norm_eps");
  config.windows.assign(config.info.layers, 0);
  config.rotates.assign(config.info.layers, true);
  return config;
}

std::unique_ptr<LanguageNetwork> make_decoder(ModelFiles& files,
                                              const DecoderConfig& config) {
  files.source.spelling = spell_without("model.", files.source.spelling);
  tie_head(files, config.info, "model.embed_tokens");
  return std::make_unique<Decoder>(files, config);
}

}  // namespace lineas
