// GPT-2: learned positions, LayerNorm before each half of a block, one product
// for q, k and v, weights stored as [in, out]. Files on the Hub lack the prefix
// "transformer." that the module names have. Knows no other architecture.
// Source: HF models/gpt2/modeling_gpt2.py; Radford et al. 2019.
#include <cmath>

#include "lineas/base/error.h"
#include "lineas/models/config.h"
#include "lineas/models/registry.h"
#include "lineas/nn/attention.h"
#include "lineas/nn/mlp.h"

namespace lineas {
namespace {

struct Config {
  LanguageModelInfo info;
  int64_t heads = 0;
  int64_t inner = 0;  // F
  double eps = 1e-5;
  Activation activation = Activation::gelu_tanh;
};

// transformers obeys these two only in one of its ways to compute attention,
// and not in the one that it takes by itself.
void check_scales(const ModelFiles& files) {
  refuse_flag(files, "scale_attn_by_inverse_layer_idx");
  if (flag(files, "scale_attn_weights")) return;
  fail(ErrorKind::unsupported,
       "{}: \"scale_attn_weights\" is false, which is not supported",
       files.where);
}

Config read_config(const ModelFiles& files) {
  Config config;
  config.info = {.vocabulary = require_size(files, "vocab_size"),
                 .width = require_size(files, "n_embd"),
                 .layers = require_size(files, "n_layer"),
                 .context = require_size(files, "n_positions"),
                 .tied_head = flag(files, "tie_word_embeddings")};
  config.heads = require_size(files, "n_head");
  check_divides(files, "n_head", config.heads, "n_embd", config.info.width);
  config.inner = size_or(files, "n_inner", 4 * config.info.width);
  config.eps = require_number(files, "layer_norm_epsilon");
  config.activation = read_activation(files, "activation_function");
  check_scales(files);
  return config;
}

double score_scale(const Config& config) {
  return 1 / std::sqrt(static_cast<double>(config.info.width / config.heads));
}

class Attention {
 public:
  Attention(const WeightScope& scope, const Config& config, int64_t layer)
      : heads_(config.heads),
        layer_(layer),
        core_{.scale = score_scale(config)},
        site_(scope.site(config.info.width)),
        c_attn_(Linear::transposed(
            scope / "c_attn", config.info.width, 3 * config.info.width)),
        c_proj_(Linear::transposed(
            scope / "c_proj", config.info.width, config.info.width)) {}

  Tensor operator()(const Tensor& x_SD,
                    const AttentionCall& call,
                    Pass& pass) const {
    const Tensor qkv_S3Hd =
        c_attn_(x_SD, pass).view({x_SD.size(0), 3, heads_, -1});
    const Tensor o_SD = attend(qkv_S3Hd.select(1, 0),
                               qkv_S3Hd.select(1, 1),
                               qkv_S3Hd.select(1, 2),
                               core_,
                               call,
                               layer_);
    return pass.visit(site_, c_proj_(o_SD, pass));
  }

 private:
  int64_t heads_;
  int64_t layer_;
  AttentionCore core_;
  SiteIndex site_;
  Linear c_attn_, c_proj_;
};

class Mlp {
 public:
  Mlp(const WeightScope& scope, const Config& config)
      : activation_(config.activation),
        site_(scope.site(config.info.width)),
        c_fc_(Linear::transposed(
            scope / "c_fc", config.info.width, config.inner)),
        c_proj_(Linear::transposed(
            scope / "c_proj", config.inner, config.info.width)) {}

  Tensor operator()(const Tensor& x_SD, Pass& pass) const {
    const Tensor inner_SF = activate(c_fc_(x_SD, pass), activation_);
    return pass.visit(site_, c_proj_(inner_SF, pass));
  }

 private:
  Activation activation_;
  SiteIndex site_;
  Linear c_fc_, c_proj_;
};

class Block {
 public:
  Block(const WeightScope& scope, const Config& config, int64_t layer)
      : site_(scope.site(config.info.width)),
        ln_1_(scope / "ln_1", config.info.width, config.eps),
        attn_(scope / "attn", config, layer),
        ln_2_(scope / "ln_2", config.info.width, config.eps),
        mlp_(scope / "mlp", config) {}

  Tensor operator()(Tensor x_SD, const AttentionCall& call, Pass& pass) const {
    x_SD = x_SD + attn_(ln_1_(x_SD, pass), call, pass);
    x_SD = x_SD + mlp_(ln_2_(x_SD, pass), pass);
    return pass.visit(site_, x_SD);
  }

 private:
  SiteIndex site_;
  LayerNorm ln_1_;
  Attention attn_;
  LayerNorm ln_2_;
  Mlp mlp_;
};

class Model : public LanguageNetwork {
 public:
  Model(ModelFiles& files, const Config& config);

  Tensor hidden(const Tensor& ids_S,
                Pass& pass,
                KvCache* cache) const override {
    const RowLayout layout(pass.rows(), ids_S.device());
    check_context(layout);
    const AttentionCall call{.layout = layout, .cache = cache};
    const Tensor tokens_SD = wte_(ids_S, pass);
    Tensor x_SD = tokens_SD + wpe_(layout.positions_S(), pass);
    for (const Block& block : h_) x_SD = block(x_SD, call, pass);
    return ln_f_(x_SD, pass);
  }

  Tensor logits(const Tensor& x_SD, Pass& pass) const override {
    return lm_head_(x_SD, pass);
  }

  SiteIndex head_site() const override { return lm_head_.site(); }

 private:
  void check_context(const RowLayout& layout) const {
    if (layout.last_key() <= info_.context) return;
    fail(ErrorKind::usage,
         "a prompt with its continuation is {} tokens long, the model has {} "
         "positions (n_positions). Shorten it, or ask for fewer tokens.",
         layout.last_key(),
         info_.context);
  }

  Embedding wte_, wpe_;
  std::vector<Block> h_;
  LayerNorm ln_f_;
  Linear lm_head_;
};

Model::Model(ModelFiles& files, const Config& config)
    : LanguageNetwork(config.info),
      wte_(WeightScope(files.source) / "transformer" / "wte",
           config.info.vocabulary,
           config.info.width),
      wpe_(WeightScope(files.source) / "transformer" / "wpe",
           config.info.context,
           config.info.width),
      h_(make_blocks<Block>(WeightScope(files.source) / "transformer" / "h",
                            config)),
      ln_f_(WeightScope(files.source) / "transformer" / "ln_f",
            config.info.width,
            config.eps),
      lm_head_(make_head(
          WeightScope(files.source) / "lm_head", config.info, wte_)) {}

}  // namespace

const char* defaults_gpt2() {
  return R"({
    "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12,
    "n_head": 12, "n_inner": null, "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true,
    "scale_attn_weights": true, "scale_attn_by_inverse_layer_idx": false
  })";
}

std::unique_ptr<LanguageNetwork> make_gpt2(ModelFiles& files) {
  files.source.spelling = spell_without("transformer.", files.source.spelling);
  const Config config = read_config(files);
  tie_head(files, config.info, "transformer.wte");
  return std::make_unique<Model>(files, config);
}

}  // namespace lineas
