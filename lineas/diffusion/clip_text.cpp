// Source: HF models/clip/modeling_clip.py; Radford et al. 2021.
#include "lineas/diffusion/clip_text.h"

#include <cmath>

#include "lineas/base/error.h"
#include "lineas/kernels/attention.h"
#include "lineas/models/quantised.h"
#include "lineas/nn/mlp.h"

namespace lineas {
namespace {

// The eos_token_id of configs from before it was read; means another rule.
constexpr int64_t kLegacyEos = 2;

class Embeddings {
 public:
  Embeddings(const WeightScope& scope, const ClipTextConfig& config)
      : site_(scope.site(config.width)),
        token_(scope / "token_embedding", config.vocabulary, config.width),
        position_(scope / "position_embedding", config.context, config.width) {}

  Tensor operator()(const Tensor& ids_BT, Pass& pass) const {
    const Tensor positions_BT =
        at::arange(ids_BT.size(1), ids_BT.options()).expand(ids_BT.sizes());
    const Tensor tokens_BTD = token_(ids_BT, pass);
    return pass.visit(site_, tokens_BTD + position_(positions_BT, pass));
  }

 private:
  SiteIndex site_;
  Embedding token_, position_;
};

// Every token sees its past alone, pads included.
class Attention {
 public:
  Attention(const WeightScope& scope, const ClipTextConfig& config)
      : heads_(config.heads),
        site_(scope.site(config.width)),
        k_proj_(scope / "k_proj", config.width, config.width, true),
        v_proj_(scope / "v_proj", config.width, config.width, true),
        q_proj_(scope / "q_proj", config.width, config.width, true),
        out_proj_(scope / "out_proj", config.width, config.width, true) {}

  Tensor operator()(const Tensor& x_BTD, Pass& pass) const {
    const Tensor q_BTHd = in_heads(q_proj_(x_BTD, pass));
    const Tensor k_BTHd = in_heads(k_proj_(x_BTD, pass));
    const Tensor v_BTHd = in_heads(v_proj_(x_BTD, pass));
    const double width = static_cast<double>(q_BTHd.size(-1));
    const Tensor o_BTHd =
        attend(q_BTHd,
               k_BTHd,
               v_BTHd,
               {.scale = 1 / std::sqrt(width), .causal = true});
    return pass.visit(site_, out_proj_(o_BTHd.flatten(2), pass));
  }

 private:
  Tensor in_heads(const Tensor& x_BTD) const {
    return x_BTD.unflatten(2, at::IntArrayRef{heads_, x_BTD.size(2) / heads_});
  }

  int64_t heads_;
  SiteIndex site_;
  Linear k_proj_, v_proj_, q_proj_, out_proj_;
};

class Mlp {
 public:
  Mlp(const WeightScope& scope,
      const ClipTextConfig& config,
      Activation activation)
      : activation_(activation),
        site_(scope.site(config.width)),
        activation_site_((scope / "activation_fn").site(config.inner)),
        fc1_(scope / "fc1", config.width, config.inner, true),
        fc2_(scope / "fc2", config.inner, config.width, true) {}

  Tensor operator()(const Tensor& x_BTD, Pass& pass) const {
    const Tensor inner_BTF =
        pass.visit(activation_site_, activate(fc1_(x_BTD, pass), activation_));
    return pass.visit(site_, fc2_(inner_BTF, pass));
  }

 private:
  Activation activation_;
  SiteIndex site_, activation_site_;
  Linear fc1_, fc2_;
};

class Layer {
 public:
  Layer(const WeightScope& scope,
        const ClipTextConfig& config,
        Activation activation)
      : site_(scope.site(config.width)),
        self_attn_(scope / "self_attn", config),
        layer_norm1_(scope / "layer_norm1", config.width, config.eps),
        mlp_(scope / "mlp", config, activation),
        layer_norm2_(scope / "layer_norm2", config.width, config.eps) {}

  Tensor operator()(Tensor x_BTD, Pass& pass) const {
    x_BTD = x_BTD + self_attn_(layer_norm1_(x_BTD, pass), pass);
    x_BTD = x_BTD + mlp_(layer_norm2_(x_BTD, pass), pass);
    return pass.visit(site_, x_BTD);
  }

 private:
  SiteIndex site_;
  Attention self_attn_;
  LayerNorm layer_norm1_;
  Mlp mlp_;
  LayerNorm layer_norm2_;
};

std::vector<Layer> make_layers(const WeightScope& scope,
                               const ClipTextConfig& config,
                               Activation activation) {
  std::vector<Layer> layers;
  for (int64_t i = 0; i < config.layers; ++i)
    layers.emplace_back(scope / i, config, activation);
  return layers;
}

class Network : public ClipText {
 public:
  Network(const WeightScope& root,
          const ClipTextConfig& config,
          Activation activation,
          bool has_projection)
      : ClipText(config),
        embeddings_(root / "text_model" / "embeddings", config),
        layers_(make_layers(
            root / "text_model" / "encoder" / "layers", config, activation)),
        final_layer_norm_(root / "text_model" / "final_layer_norm",
                          config.width,
                          config.eps) {
    if (has_projection)
      text_projection_.emplace(
          root / "text_projection", config.width, config.projection, false);
  }

  ClipTextOutput operator()(const Tensor& ids_BT, Pass& pass) const override {
    if (ids_BT.size(1) > config_.context)
      fail(ErrorKind::usage,
           "a prompt is {} tokens long, the text encoder has {} positions",
           ids_BT.size(1),
           config_.context);
    ClipTextOutput output;
    output.hidden_BTD.push_back(embeddings_(ids_BT, pass));
    for (const Layer& layer : layers_)
      output.hidden_BTD.push_back(layer(output.hidden_BTD.back(), pass));
    output.last_BTD = final_layer_norm_(output.hidden_BTD.back(), pass);
    const Tensor rows_B = at::arange(ids_BT.size(0), ids_BT.options());
    output.pooled_BD = output.last_BTD.index({rows_B, find_ends(ids_BT)});
    if (text_projection_)
      output.text_embeds_BP = (*text_projection_)(output.pooled_BD, pass);
    return output;
  }

  Tensor final_norm(const Tensor& hidden_BTD) const override {
    Pass unseen{PassContext{}};
    return final_layer_norm_(hidden_BTD, unseen);
  }

 private:
  // Where each prompt ends: its first highest id, or its first EOS.
  Tensor find_ends(const Tensor& ids_BT) const {
    if (config_.eos_id == kLegacyEos) return ids_BT.argmax(1);
    return ids_BT.eq(config_.eos_id).to(at::kInt).argmax(1);
  }

  Embeddings embeddings_;
  std::vector<Layer> layers_;
  LayerNorm final_layer_norm_;
  std::optional<Linear> text_projection_;
};

}  // namespace

std::unique_ptr<ClipText> make_clip_text(ModelFiles& files,
                                         bool has_projection) {
  refuse_quantised(files.config, files.where);
  const ClipTextConfig config =
      read_clip_text_config(files.config, files.where);
  const Activation activation = parse_activation(
      config.activation, fmt::format("{}: \"hidden_act\"", files.where));
  return std::make_unique<Network>(
      WeightScope(files.source), config, activation, has_projection);
}

}  // namespace lineas
