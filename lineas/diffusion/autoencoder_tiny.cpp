// Source: diffusers models/autoencoders/autoencoder_tiny.py, vae.py (TAESD).
#include <optional>
#include <variant>

#include "lineas/diffusion/autoencoder.h"
#include "lineas/models/quantised.h"
#include "lineas/nn/picture_layers.h"

namespace lineas {
namespace {

// AutoencoderTinyBlock. The activation of its `conv` is one module, called
// twice a pass: no site.
class Block {
 public:
  Block(const WeightScope& scope, int64_t width, Activation activation)
      : activation_(activation),
        site_(scope.site(width)),
        conv_site_((scope / "conv").site(width)),
        first_(scope / "conv" / 0, {.in = width, .out = width}),
        second_(scope / "conv" / 2, {.in = width, .out = width}),
        third_(scope / "conv" / 4, {.in = width, .out = width}),
        fuse_(scope / "fuse", width, Activation::relu, Layout::channels_first) {
  }

  Tensor operator()(const Tensor& x_BCHW, Pass& pass) const {
    Tensor y_BCHW = activate(first_(x_BCHW, pass), activation_);
    y_BCHW = third_(activate(second_(y_BCHW, pass), activation_), pass);
    y_BCHW = pass.visit(conv_site_, y_BCHW, Layout::channels_first);
    return pass.visit(
        site_, fuse_(y_BCHW + x_BCHW, pass), Layout::channels_first);
  }

 private:
  Activation activation_;
  SiteIndex site_, conv_site_;
  Conv2d first_, second_, third_;
  ActivationLayer fuse_;
};

class Upsample {
 public:
  Upsample(const WeightScope& scope, int64_t width, int64_t scale)
      : scale_(scale), site_(scope.site(width)) {}
  Tensor operator()(const Tensor& x_BCHW, Pass& pass) const {
    return pass.visit(
        site_,
        upsample_nearest(
            x_BCHW, scale_ * x_BCHW.size(2), scale_ * x_BCHW.size(3)),
        Layout::channels_first);
  }

 private:
  int64_t scale_;
  SiteIndex site_;
};

// `layers`: activations and upsamplers count in their numbers too.
class Layers {
 public:
  Layers(const WeightScope& scope, int64_t out)
      : scope_(scope), site_(scope_.site(out)) {}

  void add_conv(const Conv2dConfig& config) {
    layers_.emplace_back(Conv2d(next(), config));
  }
  void add_activation(int64_t width, Activation activation) {
    layers_.emplace_back(
        ActivationLayer(next(), width, activation, Layout::channels_first));
  }
  void add_blocks(int64_t count, int64_t width, Activation activation) {
    for (int64_t i = 0; i < count; ++i)
      layers_.emplace_back(Block(next(), width, activation));
  }
  void add_upsample(int64_t width, int64_t scale) {
    layers_.emplace_back(Upsample(next(), width, scale));
  }

  Tensor operator()(Tensor x_BCHW, Pass& pass) const {
    for (const Layer& layer : layers_)
      x_BCHW = std::visit(
          [&](const auto& module) { return module(x_BCHW, pass); }, layer);
    return pass.visit(site_, x_BCHW, Layout::channels_first);
  }

 private:
  using Layer = std::variant<Conv2d, ActivationLayer, Block, Upsample>;

  WeightScope next() const {
    return scope_ / static_cast<int64_t>(layers_.size());
  }

  WeightScope scope_;  // used while layers are added
  SiteIndex site_;
  std::vector<Layer> layers_;
};

Layers make_encoder(const WeightScope& scope,
                    const AutoencoderTinyConfig& config,
                    Activation activation) {
  Layers layers(scope, config.info.latent_channels);
  for (size_t i = 0; i < config.encoder_blocks.size(); ++i) {
    const int64_t width = config.encoder_widths[i];
    if (i == 0)
      layers.add_conv({.in = config.in_channels, .out = width});
    else
      layers.add_conv(
          {.in = width, .out = width, .stride = 2, .has_bias = false});
    layers.add_blocks(config.encoder_blocks[i], width, activation);
  }
  layers.add_conv(
      {.in = config.encoder_widths.back(), .out = config.info.latent_channels});
  return layers;
}

Layers make_decoder(const WeightScope& scope,
                    const AutoencoderTinyConfig& config,
                    Activation activation) {
  Layers layers(scope, config.info.picture_channels);
  layers.add_conv(
      {.in = config.info.latent_channels, .out = config.decoder_widths[0]});
  layers.add_activation(config.decoder_widths[0], activation);
  for (size_t i = 0; i < config.decoder_blocks.size(); ++i) {
    const int64_t width = config.decoder_widths[i];
    const bool is_last = i + 1 == config.decoder_blocks.size();
    layers.add_blocks(config.decoder_blocks[i], width, activation);
    if (!is_last) layers.add_upsample(width, config.upscale);
    layers.add_conv({.in = width,
                     .out = is_last ? config.info.picture_channels : width,
                     .has_bias = is_last});
  }
  return layers;
}

class Network : public Autoencoder {
 public:
  Network(const WeightScope& root,
          const AutoencoderTinyConfig& config,
          Activation activation)
      : Autoencoder(config.info),
        in_channels_(config.in_channels),
        encoder_site_((root / "encoder").site(config.info.latent_channels)),
        encoder_(make_encoder(root / "encoder" / "layers", config, activation)),
        decoder_site_((root / "decoder").site(config.info.picture_channels)),
        decoder_(
            make_decoder(root / "decoder" / "layers", config, activation)) {}

  Tensor decode(const Tensor& z_BCHW, Pass& pass) const override {
    check_channels(z_BCHW, info_.latent_channels, "latents");
    constexpr double kMagnitude = 3;  // not the config's latent_magnitude
    const Tensor clamped_BCHW = at::tanh(z_BCHW / kMagnitude) * kMagnitude;
    return pass.visit(decoder_site_,
                      decoder_(clamped_BCHW, pass) * 2 - 1,
                      Layout::channels_first);
  }

  EncodedPicture encode(const Tensor& x_BCHW, Pass& pass) const override {
    check_channels(x_BCHW, in_channels_, "a picture");
    return {.mean_BCHW = pass.visit(encoder_site_,
                                    encoder_((x_BCHW + 1) / 2, pass),
                                    Layout::channels_first)};
  }

 private:
  int64_t in_channels_;
  SiteIndex encoder_site_;
  Layers encoder_;
  SiteIndex decoder_site_;
  Layers decoder_;
};

}  // namespace

std::unique_ptr<Autoencoder> make_autoencoder_tiny(ModelFiles& files) {
  refuse_quantised(files.config, files.where);
  const AutoencoderTinyConfig config =
      read_autoencoder_tiny_config(files.config, files.where);
  const Activation activation = parse_activation(
      config.activation, fmt::format("{}: \"act_fn\"", files.where));
  return std::make_unique<Network>(
      WeightScope(files.source), config, activation);
}

}  // namespace lineas
