// Gemma 2 and 3: norms before and behind each half of a block whose files hold
// gain - 1, soft caps on scores and logits, sliding windows on some layers,
// embeddings times sqrt(width).
// Source: HF models/gemma2/modeling_gemma2.py,
// models/gemma3/modeling_gemma3.py; Gemma Team 2024 and 2025.
#include "lineas/models/gemma.h"

#include <cmath>

namespace lineas {
namespace {

AttentionConfig read_core(const ModelFiles& files, int64_t width) {
  AttentionConfig config = read_attention(files, width, true);
  const double scaled_as = require_number(files, "query_pre_attn_scalar");
  config.core.scale = 1 / std::sqrt(scaled_as);
  config.core.soft_cap = number_or_off(files, "attn_logit_softcapping");
  return config;
}

AttentionConfig attention_of_layer(const GemmaConfig& config, int64_t layer) {
  AttentionConfig attention = config.attention;
  attention.core.window = config.windows[layer];
  return attention;
}

double root_of_width(const LanguageModelInfo& info) {
  return std::sqrt(static_cast<double>(info.width));
}

RmsNorm make_norm(const WeightScope& scope, const GemmaConfig& config) {
  return RmsNorm(
      scope, config.info.width, config.eps, /*stored_minus_one=*/true);
}

class Block {
 public:
  Block(const WeightScope& scope, const GemmaConfig& config, int64_t layer)
      : slides_(config.windows[layer] > 0),
        site_(scope.site(config.info.width)),
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

  bool slides() const { return slides_; }

  Tensor operator()(Tensor x_SD, const AttentionCall& call, Pass& pass) const {
    const Tensor a_SD = self_attn_(input_layernorm_(x_SD, pass), call, pass);
    x_SD = x_SD + post_attention_layernorm_(a_SD, pass);
    const Tensor m_SD = mlp_(pre_feedforward_layernorm_(x_SD, pass), pass);
    x_SD = x_SD + post_feedforward_layernorm_(m_SD, pass);
    return pass.visit(site_, x_SD);
  }

 private:
  bool slides_;
  SiteIndex site_;
  GroupedAttention self_attn_;
  GatedMlp mlp_;
  RmsNorm input_layernorm_, post_attention_layernorm_;
  RmsNorm pre_feedforward_layernorm_, post_feedforward_layernorm_;
};

class Model : public LanguageNetwork {
 public:
  Model(ModelFiles& files, const GemmaConfig& config);

  Tensor hidden(const Tensor& ids_S,
                Pass& pass,
                KvCache* cache) const override {
    const RowLayout layout(pass.rows(), ids_S.device());
    const AttentionCall call{
        layout, rope_.angles(layout.positions_S(), pass.rows()), cache};
    const AttentionCall local{
        layout, local_rope_.angles(layout.positions_S(), pass.rows()), cache};
    Tensor x_SD = embed_tokens_(ids_S, pass);
    // HF rounds the factor to the model's dtype; Gemma 2's hook sees the
    // embedding without it.
    if (!scales_in_embedding_)
      x_SD = x_SD * at::scalar_tensor(root_of_width(info_), x_SD.options());
    for (const Block& block : layers_)
      x_SD = block(x_SD, block.slides() ? local : call, pass);
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
  bool scales_in_embedding_;
  Rope rope_, local_rope_;
  Embedding embed_tokens_;
  std::vector<Block> layers_;
  RmsNorm norm_;
  Linear lm_head_;
};

Model::Model(ModelFiles& files, const GemmaConfig& config)
    : LanguageNetwork(config.info),
      logit_cap_(config.logit_cap),
      scales_in_embedding_(config.scales_in_embedding),
      rope_(config.rope),
      local_rope_(config.local_rope.value_or(config.rope)),
      embed_tokens_(WeightScope(files.source) / "model" / "embed_tokens",
                    config.info.vocabulary,
                    config.info.width,
                    scales_in_embedding_ ? root_of_width(config.info) : 1),
      layers_(make_blocks<Block>(WeightScope(files.source) / "model" / "layers",
                                 config)),
      norm_(make_norm(WeightScope(files.source) / "model" / "norm", config)),
      lm_head_(make_head(
          WeightScope(files.source) / "lm_head", config.info, embed_tokens_)) {}

}  // namespace

GemmaConfig read_gemma_config(const ModelFiles& files) {
  refuse_flag(files, "use_bidirectional_attention");
  require_size(files, "head_dim");  // null is nothing to these classes
  GemmaConfig config;
  config.info = read_info(files);
  config.attention = read_core(files, config.info.width);
  config.mlp = {.width = config.info.width,
                .inner = require_size(files, "intermediate_size"),
                .activation = read_activation(files, "hidden_activation")};
  config.eps = require_number(files, "rms_norm_eps");
  config.logit_cap = number_or_off(files, "final_logit_softcapping");
  return config;
}

std::unique_ptr<LanguageNetwork> make_gemma(ModelFiles& files,
                                            const GemmaConfig& config) {
  files.source.spelling = spell_without("model.", files.source.spelling);
  tie_head(files, config.info, "model.embed_tokens");
  return std::make_unique<Model>(files, config);
}

}  // namespace lineas
