// Qwen3-MoE: Qwen3 whose feed-forward half is, in most layers, the weighted sum
// of the few experts that a router picks for each token. An expert sees some
// tokens only, so it is no site; the router ("mlp.gate") and the sum ("mlp")
// are. Source: HF models/qwen3_moe/modeling_qwen3_moe.py; Shazeer et al. 2017.
#include <algorithm>

#include "lineas/base/error.h"
#include "lineas/kernels/product.h"
#include "lineas/models/decoder.h"
#include "lineas/models/registry.h"

namespace lineas {
namespace {

struct MoeConfig {
  int64_t width = 0, inner = 0, experts = 0, chosen = 0;
  bool normalizes = false;  // the chosen experts' weights sum to 1
  Activation activation = Activation::silu;
};

class Expert {
 public:
  Expert(const WeightScope& scope, const MoeConfig& config)
      : activation_(config.activation),
        gate_FD_(weight(scope / "gate_proj", config.inner, config.width)),
        up_FD_(weight(scope / "up_proj", config.inner, config.width)),
        down_DF_(weight(scope / "down_proj", config.width, config.inner)) {}

  Tensor operator()(const Tensor& x_SD) const {
    const Tensor gate_SF = linear(x_SD, gate_FD_, Tensor());
    const Tensor up_SF = linear(x_SD, up_FD_, Tensor());
    return linear(activate(gate_SF, activation_) * up_SF, down_DF_, Tensor());
  }

 private:
  static Tensor weight(const WeightScope& scope, int64_t out, int64_t in) {
    return scope.weight("weight", {out, in});
  }

  Activation activation_;
  Tensor gate_FD_, up_FD_, down_DF_;
};

class SparseMlp {
 public:
  SparseMlp(const WeightScope& scope, const MoeConfig& config)
      : config_(config),
        site_(scope.site(config.width)),
        gate_(scope / "gate", config.width, config.experts, false) {
    for (int64_t expert = 0; expert < config.experts; ++expert)
      experts_.emplace_back(scope / "experts" / expert, config);
  }

  Tensor operator()(const Tensor& x_SD, Pass& pass) const {
    const auto [weight_SK, expert_SK] = choose(gate_(x_SD, pass));
    Tensor sum_SD = at::zeros_like(x_SD);
    for (int64_t expert = 0; expert < config_.experts; ++expert) {
      const Tensor places = (expert_SK == expert).nonzero();
      if (places.size(0) == 0) continue;
      const Tensor tokens = places.select(1, 0);
      const Tensor weights =
          weight_SK.index({tokens, places.select(1, 1)}).unsqueeze(-1);
      const Tensor y_SD = experts_[expert](x_SD.index_select(0, tokens));
      sum_SD = sum_SD.index_add(0, tokens, y_SD * weights);
    }
    return pass.visit(site_, sum_SD);
  }

 private:
  // The experts of every token and their weights, K a token.
  std::pair<Tensor, Tensor> choose(const Tensor& score_SE) const {
    const Tensor share_SE = at::softmax(score_SE, -1, at::kFloat);
    auto [weight_SK, expert_SK] = share_SE.topk(config_.chosen, -1);
    if (config_.normalizes)
      weight_SK = weight_SK / weight_SK.sum(-1, /*keepdim=*/true);
    return {weight_SK.to(score_SE.scalar_type()), expert_SK};
  }

  MoeConfig config_;
  SiteIndex site_;
  Linear gate_;
  std::vector<Expert> experts_;
};

// transformers 5 calls the number of experts num_local_experts.
int64_t read_experts(const ModelFiles& files) {
  const auto experts =
      require<int64_t>(files.config, "num_experts", files.where);
  if (experts >= 0 && experts <= 65536) return experts;
  fail(ErrorKind::format,
       "{}: \"num_experts\" is {}, it must be from 0 to 65536",
       files.where,
       experts);
}

MoeConfig read_moe(const ModelFiles& files, const GatedMlpConfig& mlp) {
  MoeConfig config{.width = mlp.width,
                   .inner = require_size(files, "moe_intermediate_size"),
                   .experts = read_experts(files),
                   .chosen = require_size(files, "num_experts_per_tok"),
                   .normalizes = flag(files, "norm_topk_prob"),
                   .activation = mlp.activation};
  if (config.experts > 0 && config.chosen > config.experts)
    fail(ErrorKind::format,
         "{}: \"num_experts_per_tok\" is {} of {} experts",
         files.where,
         config.chosen,
         config.experts);
  return config;
}

std::vector<bool> read_sparse_layers(const ModelFiles& files, int64_t layers) {
  const auto dense =
      config_or<std::vector<int64_t>>(files, "mlp_only_layers", {});
  const int64_t step = require_size(files, "decoder_sparse_step");
  const bool has_experts = read_experts(files) > 0;
  std::vector<bool> sparse;
  for (int64_t layer = 0; layer < layers; ++layer)
    sparse.push_back(has_experts && (layer + 1) % step == 0 &&
                     std::find(dense.begin(), dense.end(), layer) ==
                         dense.end());
  return sparse;
}

}  // namespace

const char* defaults_qwen3_moe() {
  return R"({
    "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 6144,
    "num_hidden_layers": 24, "num_attention_heads": 32,
    "num_key_value_heads": 4, "hidden_act": "silu",
    "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": false, "attention_bias": false,
    "use_sliding_window": false, "sliding_window": 4096,
    "decoder_sparse_step": 1, "moe_intermediate_size": 768,
    "num_experts_per_tok": 8, "num_experts": 128, "norm_topk_prob": false,
    "mlp_only_layers": null
  })";
}

std::unique_ptr<LanguageNetwork> make_qwen3_moe(ModelFiles& files) {
  require_size(files, "num_key_value_heads");
  DecoderConfig config = read_decoder_config(files);
  config.attention.norm = {.kind = QkNorm::heads, .eps = config.eps};
  config.mlp.bias = false;
  if (flag(files, "use_sliding_window"))
    config.windows.assign(config.info.layers, read_window(files));
  config.make_mlp = [moe = read_moe(files, config.mlp),
                     mlp = config.mlp,
                     sparse = read_sparse_layers(files, config.info.layers)](
                        const WeightScope& scope,
                        int64_t layer) -> FeedForward {
    if (sparse[layer]) return SparseMlp(scope, moe);
    return GatedMlp(scope, mlp);
  };
  return make_decoder(files, config);
}

}  // namespace lineas
