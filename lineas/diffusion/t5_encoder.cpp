// Source: HF models/t5/modeling_t5.py; Raffel et al. 2020 (relative positions:
// section 2.1), Shazeer 2020 (the gated feed-forward of v1.1).
#include "lineas/diffusion/t5_encoder.h"

#include <cmath>
#include <optional>

#include "lineas/kernels/attention.h"
#include "lineas/kernels/fused.h"
#include "lineas/kernels/product.h"
#include "lineas/models/quantised.h"
#include "lineas/nn/mlp.h"

namespace lineas {
namespace {

// The norm brings float32 states back to the weights' dtype.
class Norm {
 public:
  Norm(const WeightScope& scope, const T5Config& config)
      : site_(scope.site(config.width)),
        gain_D_(scope.weight("weight", {config.width})),
        eps_(config.eps) {}

  Tensor operator()(const Tensor& x_BTD, Pass& pass) const {
    if (x_BTD.scalar_type() == gain_D_.scalar_type())
      return pass.visit(site_, rms_norm(x_BTD, gain_D_, eps_));
    const Tensor wide = rms_norm(x_BTD, gain_D_.to(x_BTD.scalar_type()), eps_);
    return pass.visit(site_, wide.to(gain_D_.scalar_type()));
  }

 private:
  SiteIndex site_;
  Tensor gain_D_;
  double eps_;
};

// A product without bias, in float32 where the model is float16.
class OutputLinear {
 public:
  OutputLinear(const WeightScope& scope, int64_t in, int64_t out)
      : site_(scope.site(out)),
        weight_OI_(scope.weight(
            "weight",
            {out, in},
            scope.dtype() == at::kHalf ? at::kFloat : scope.dtype())) {}

  Tensor operator()(const Tensor& x, Pass& pass) const {
    return pass.visit(
        site_, linear(x.to(weight_OI_.scalar_type()), weight_OI_, Tensor()));
  }

 private:
  SiteIndex site_;
  Tensor weight_OI_;
};

// Float16 alone: infinities become large numbers.
Tensor clamped(const Tensor& x_BTD) {
  if (x_BTD.scalar_type() != at::kHalf) return x_BTD;
  constexpr double kMax = 65504, kRoom = 1000;
  const double most = x_BTD.isinf().any().item<bool>() ? kMax - kRoom : kMax;
  return x_BTD.clamp(-most, most);
}

// Half of the buckets for keys to the right; of those of a direction, half for
// single distances, the other half logarithmically up to the largest.
Tensor buckets_of(const Tensor& distances_TT, const T5Config& config) {
  const int64_t of_direction = config.buckets / 2, exact = of_direction / 2;
  const Tensor side_TT = distances_TT.gt(0).to(at::kLong) * of_direction;
  const Tensor far_TT = distances_TT.abs();
  const double range = std::log(static_cast<double>(config.max_distance) /
                                static_cast<double>(exact));
  const Tensor log_TT = at::log(far_TT.clamp_min(1).to(at::kFloat) / exact) /
                        range * (of_direction - exact);
  const Tensor coarse_TT =
      (log_TT.to(at::kLong) + exact).clamp_max(of_direction - 1);
  return side_TT + at::where(far_TT < exact, far_TT, coarse_TT);
}

/// Of block 0, for all blocks.
class PositionBias {
 public:
  PositionBias(const WeightScope& scope, const T5Config& config)
      : config_(config),
        weight_NH_(scope.weight("weight", {config.buckets, config.heads})) {}

  /// What is added to the scores, [1, H, T, T].
  Tensor operator()(int64_t tokens) const {
    const Tensor positions_T =
        at::arange(tokens, weight_NH_.options().dtype(at::kLong));
    const Tensor distances_TT =
        positions_T.unsqueeze(0) - positions_T.unsqueeze(1);
    const Tensor bias_TTH =
        at::embedding(weight_NH_, buckets_of(distances_TT, config_));
    return bias_TTH.permute({2, 0, 1}).unsqueeze(0).contiguous();
  }

 private:
  T5Config config_;
  Tensor weight_NH_;
};

// Scores are not scaled: the weights were trained without.
class Attention {
 public:
  Attention(const WeightScope& scope, const T5Config& config)
      : heads_(config.heads),
        site_(scope.site(config.width)),
        q_(scope / "q", config.width, inner(config), false),
        k_(scope / "k", config.width, inner(config), false),
        v_(scope / "v", config.width, inner(config), false),
        o_(scope / "o", inner(config), config.width, false) {}

  Tensor operator()(const Tensor& x_BTD,
                    const Tensor& bias_1HTT,
                    Pass& pass) const {
    const Tensor q_BTHd = in_heads(q_(x_BTD, pass));
    const Tensor k_BTHd = in_heads(k_(x_BTD, pass));
    const Tensor v_BTHd = in_heads(v_(x_BTD, pass));
    const Tensor o_BTHd =
        attend(q_BTHd, k_BTHd, v_BTHd, {.scale = 1, .mask = bias_1HTT});
    return pass.visit(site_, o_(o_BTHd.flatten(2), pass));
  }

 private:
  static int64_t inner(const T5Config& config) {
    return config.heads * config.head_width;
  }
  Tensor in_heads(const Tensor& x) const {
    return x.unflatten(2, at::IntArrayRef{heads_, x.size(2) / heads_});
  }

  int64_t heads_;
  SiteIndex site_;
  Linear q_, k_, v_, o_;
};

// wo(act(wi_0 x) * wi_1 x), or wo(act(wi x)).
class FeedForward {
 public:
  FeedForward(const WeightScope& scope,
              const T5Config& config,
              Activation activation)
      : activation_(activation),
        site_(scope.site(config.width)),
        wi_0_(scope / (config.is_gated ? "wi_0" : "wi"),
              config.width,
              config.inner,
              false),
        wi_1_(gate(scope, config)),
        wo_(scope / "wo", config.inner, config.width),
        act_site_((scope / "act").site(config.inner)) {}

  Tensor operator()(const Tensor& x_BTD, Pass& pass) const {
    Tensor inner_BTF =
        pass.visit(act_site_, activate(wi_0_(x_BTD, pass), activation_));
    if (wi_1_) inner_BTF = inner_BTF * (*wi_1_)(x_BTD, pass);
    return pass.visit(site_, wo_(inner_BTF, pass));
  }

 private:
  static std::optional<Linear> gate(const WeightScope& scope,
                                    const T5Config& config) {
    if (!config.is_gated) return std::nullopt;
    return Linear(scope / "wi_1", config.width, config.inner, false);
  }

  Activation activation_;
  SiteIndex site_;
  Linear wi_0_;
  std::optional<Linear> wi_1_;
  OutputLinear wo_;
  SiteIndex act_site_;
};

class Block {
 public:
  Block(const WeightScope& scope,
        const T5Config& config,
        Activation activation,
        std::optional<PositionBias>& bias)
      : site_(scope.site(config.width)),
        attention_site_((scope / "layer" / 0).site(config.width)),
        attention_(scope / "layer" / 0 / "SelfAttention", config),
        attention_norm_(scope / "layer" / 0 / "layer_norm", config),
        mlp_site_((scope / "layer" / 1).site(config.width)),
        mlp_(scope / "layer" / 1 / "DenseReluDense", config, activation),
        mlp_norm_(scope / "layer" / 1 / "layer_norm", config) {
    if (!bias)
      bias.emplace(
          scope / "layer" / 0 / "SelfAttention" / "relative_attention_bias",
          config);
  }

  Tensor operator()(Tensor x_BTD, const Tensor& bias_1HTT, Pass& pass) const {
    const Tensor a_BTD =
        attention_(attention_norm_(x_BTD, pass), bias_1HTT, pass);
    x_BTD = clamped(pass.visit(attention_site_, x_BTD + a_BTD));
    const Tensor m_BTD = mlp_(mlp_norm_(x_BTD, pass), pass);
    x_BTD = clamped(pass.visit(mlp_site_, x_BTD + m_BTD));
    return pass.visit(site_, x_BTD);
  }

 private:
  SiteIndex site_, attention_site_;
  Attention attention_;
  Norm attention_norm_;
  SiteIndex mlp_site_;
  FeedForward mlp_;
  Norm mlp_norm_;
};

class Network : public T5Encoder {
 public:
  Network(const WeightScope& root,
          const T5Config& config,
          Activation activation)
      : T5Encoder(config),
        shared_(root / "shared", config.vocabulary, config.width),
        blocks_(make_blocks(root / "encoder" / "block", config, activation)),
        final_layer_norm_(root / "encoder" / "final_layer_norm", config) {}

  Tensor operator()(const Tensor& ids_BT, Pass& pass) const override {
    const Tensor bias_1HTT = (*bias_)(ids_BT.size(1));
    Tensor x_BTD = shared_(ids_BT, pass);
    for (const Block& block : blocks_) x_BTD = block(x_BTD, bias_1HTT, pass);
    return final_layer_norm_(x_BTD, pass);
  }

 private:
  std::vector<Block> make_blocks(const WeightScope& scope,
                                 const T5Config& config,
                                 Activation activation) {
    std::vector<Block> blocks;
    for (int64_t i = 0; i < config.layers; ++i)
      blocks.emplace_back(scope / i, config, activation, bias_);
    return blocks;
  }

  Embedding shared_;
  std::optional<PositionBias> bias_;  // before the blocks, which make it
  std::vector<Block> blocks_;
  Norm final_layer_norm_;
};

}  // namespace

std::unique_ptr<T5Encoder> make_t5_encoder(ModelFiles& files) {
  refuse_quantised(files.config, files.where);
  const T5Config config = read_t5_config(files.config, files.where);
  const Activation activation = parse_activation(
      config.activation, fmt::format("{}: \"feed_forward_proj\"", files.where));
  // One table; files may hold it under either name, or both.
  files.source.spelling = [](const std::string& name) {
    std::vector<std::string> names = {name};
    if (name == "shared.weight") names.push_back("encoder.embed_tokens.weight");
    return names;
  };
  return std::make_unique<Network>(
      WeightScope(files.source), config, activation);
}

}  // namespace lineas
