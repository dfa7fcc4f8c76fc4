// Source: diffusers models/autoencoders/autoencoder_kl.py, vae.py; Kingma and
// Welling 2013, Rombach et al. 2022.
#include <map>
#include <optional>

#include "lineas/diffusion/autoencoder.h"
#include "lineas/diffusion/resnet.h"
#include "lineas/diffusion/spatial_transformer.h"
#include "lineas/models/quantised.h"

namespace lineas {
namespace {

constexpr double kEps = 1e-6;

// to_q.weight may be stored as query.weight.
std::vector<std::string> spell_old_attention(const std::string& name) {
  static const std::map<std::string, std::string> former = {
      {"to_q", "query"},
      {"to_k", "key"},
      {"to_v", "value"},
      {"to_out.0", "proj_attn"}};
  for (const auto& [now, then] : former)
    for (const char* tensor : {".weight", ".bias"}) {
      const std::string ending = now + tensor;
      if (name.ends_with("." + ending))
        return {name,
                name.substr(0, name.size() - ending.size()) + then + tensor};
    }
  return {name};
}

struct Config : AutoencoderKlConfig {
  Activation act;

  ResnetConfig resnet(int64_t in, int64_t out) const {
    return {
        .in = in, .out = out, .groups = groups, .eps = kEps, .activation = act};
  }
};

// One head over all pixels. Source: diffusers models/attention_processor.py.
class PixelAttention {
 public:
  PixelAttention(const WeightScope& scope, int64_t width, int64_t groups)
      : site_(scope.site(width)),
        group_norm_(scope / "group_norm", width, groups, kEps),
        heads_(scope,
               {.width = width,
                .context_width = width,
                .inner = width,
                .heads = 1,
                .qkv_bias = true}) {}

  Tensor operator()(const Tensor& x_BCHW, Pass& pass) const {
    const Tensor y_BTD = pixels_to_tokens(group_norm_(x_BCHW, pass));
    const Tensor o_BCHW = tokens_to_pixels(
        heads_(y_BTD, y_BTD, pass), x_BCHW.size(2), x_BCHW.size(3));
    return pass.visit(site_, o_BCHW + x_BCHW, Layout::channels_first);
  }

 private:
  SiteIndex site_;
  GroupNorm group_norm_;
  CrossAttentionHeads heads_;
};

class MidBlock {
 public:
  MidBlock(const WeightScope& scope, const Config& config)
      : site_(scope.site(config.widths.back())) {
    const int64_t width = config.widths.back();
    if (config.mid_attends)
      attention_.emplace(scope / "attentions" / 0, width, config.groups);
    for (int64_t i = 0; i < 2; ++i)
      resnets_.emplace_back(scope / "resnets" / i, config.resnet(width, width));
  }

  Tensor operator()(const Tensor& x_BCHW, Pass& pass) const {
    Tensor y_BCHW = resnets_[0](x_BCHW, Tensor(), pass);
    if (attention_) y_BCHW = (*attention_)(y_BCHW, pass);
    y_BCHW = resnets_[1](y_BCHW, Tensor(), pass);
    return pass.visit(site_, y_BCHW, Layout::channels_first);
  }

 private:
  SiteIndex site_;
  std::optional<PixelAttention> attention_;
  std::vector<Resnet> resnets_;
};

// Resnets, then half or twice the size, but for the last level of each way.
template <typename Resampler>
class Level {
 public:
  Level(const WeightScope& scope,
        const Config& config,
        int64_t in,
        int64_t out,
        int64_t resnets)
      : site_(scope.site(out)) {
    for (int64_t i = 0; i < resnets; ++i)
      resnets_.emplace_back(scope / "resnets" / i,
                            config.resnet(i == 0 ? in : out, out));
  }
  template <typename... Args>
  void add_resampler(const WeightScope& scope, Args... args) {
    resampler_.emplace(scope, args...);
  }

  Tensor operator()(Tensor x_BCHW, Pass& pass) const {
    for (const Resnet& resnet : resnets_)
      x_BCHW = resnet(x_BCHW, Tensor(), pass);
    if (resampler_) x_BCHW = resample(*resampler_, x_BCHW, pass);
    return pass.visit(site_, x_BCHW, Layout::channels_first);
  }

 private:
  static Tensor resample(const Downsampler& halve,
                         const Tensor& x_BCHW,
                         Pass& pass) {
    return halve(x_BCHW, pass);
  }
  static Tensor resample(const Upsampler& twice,
                         const Tensor& x_BCHW,
                         Pass& pass) {
    return twice(x_BCHW, 2 * x_BCHW.size(2), 2 * x_BCHW.size(3), pass);
  }

  SiteIndex site_;
  std::vector<Resnet> resnets_;
  std::optional<Resampler> resampler_;
};

using DownLevel = Level<Downsampler>;
using UpLevel = Level<Upsampler>;

std::vector<DownLevel> make_down_levels(const WeightScope& scope,
                                        const Config& config) {
  std::vector<DownLevel> levels;
  int64_t in = config.widths[0];
  for (size_t i = 0; i < config.widths.size(); ++i) {
    const WeightScope own = scope / static_cast<int64_t>(i);
    levels.emplace_back(own, config, in, config.widths[i], config.layers);
    in = config.widths[i];
    if (i + 1 < config.widths.size())
      levels.back().add_resampler(
          own / "downsamplers" / 0, in, /*padding=*/int64_t{0});
  }
  return levels;
}

std::vector<UpLevel> make_up_levels(const WeightScope& scope,
                                    const Config& config) {
  std::vector<UpLevel> levels;
  int64_t in = config.widths.back();
  for (size_t i = 0; i < config.widths.size(); ++i) {
    const WeightScope own = scope / static_cast<int64_t>(i);
    const int64_t out = config.widths[config.widths.size() - 1 - i];
    levels.emplace_back(own, config, in, out, config.layers + 1);
    in = out;
    if (i + 1 < config.widths.size())
      levels.back().add_resampler(own / "upsamplers" / 0, in);
  }
  return levels;
}

// The last norm, its activation (SiLU whatever act_fn says) and convolution.
class Head {
 public:
  Head(const WeightScope& scope,
       const Config& config,
       int64_t width,
       int64_t out)
      : norm_(scope / "conv_norm_out", width, config.groups, kEps),
        act_(scope / "conv_act",
             width,
             Activation::silu,
             Layout::channels_first),
        conv_(scope / "conv_out", {.in = width, .out = out}) {}

  Tensor operator()(const Tensor& x_BCHW, Pass& pass) const {
    return conv_(act_(norm_(x_BCHW, pass), pass), pass);
  }

 private:
  GroupNorm norm_;
  ActivationLayer act_;
  Conv2d conv_;
};

class Encoder {
 public:
  Encoder(const WeightScope& scope, const Config& config)
      : site_(scope.site(2 * config.info.latent_channels)),
        conv_in_(scope / "conv_in",
                 {.in = config.in_channels, .out = config.widths[0]}),
        down_blocks_(make_down_levels(scope / "down_blocks", config)),
        mid_block_(scope / "mid_block", config),
        head_(scope,
              config,
              config.widths.back(),
              2 * config.info.latent_channels) {}

  Tensor operator()(Tensor x_BCHW, Pass& pass) const {
    x_BCHW = conv_in_(x_BCHW, pass);
    for (const DownLevel& level : down_blocks_) x_BCHW = level(x_BCHW, pass);
    x_BCHW = head_(mid_block_(x_BCHW, pass), pass);
    return pass.visit(site_, x_BCHW, Layout::channels_first);
  }

 private:
  SiteIndex site_;
  Conv2d conv_in_;
  std::vector<DownLevel> down_blocks_;
  MidBlock mid_block_;
  Head head_;
};

class Decoder {
 public:
  Decoder(const WeightScope& scope, const Config& config)
      : site_(scope.site(config.info.picture_channels)),
        conv_in_(
            scope / "conv_in",
            {.in = config.info.latent_channels, .out = config.widths.back()}),
        up_blocks_(make_up_levels(scope / "up_blocks", config)),
        mid_block_(scope / "mid_block", config),
        head_(scope, config, config.widths[0], config.info.picture_channels) {}

  Tensor operator()(Tensor x_BCHW, Pass& pass) const {
    x_BCHW = mid_block_(conv_in_(x_BCHW, pass), pass);
    for (const UpLevel& level : up_blocks_) x_BCHW = level(x_BCHW, pass);
    return pass.visit(site_, head_(x_BCHW, pass), Layout::channels_first);
  }

 private:
  SiteIndex site_;
  Conv2d conv_in_;
  std::vector<UpLevel> up_blocks_;  // first in the table, second in the call
  MidBlock mid_block_;
  Head head_;
};

std::optional<Conv2d> make_latent_conv(const WeightScope& scope,
                                       bool is_there,
                                       int64_t channels) {
  if (!is_there) return std::nullopt;
  return Conv2d(scope,
                {.in = channels, .out = channels, .kernel = 1, .padding = 0});
}

class Network : public Autoencoder {
 public:
  Network(const WeightScope& root, const Config& config)
      : Autoencoder(config.info),
        in_channels_(config.in_channels),
        encoder_(root / "encoder", config),
        decoder_(root / "decoder", config),
        quant_conv_(make_latent_conv(root / "quant_conv",
                                     config.has_quant_conv,
                                     2 * config.info.latent_channels)),
        post_quant_conv_(make_latent_conv(root / "post_quant_conv",
                                          config.has_post_quant_conv,
                                          config.info.latent_channels)) {}

  Tensor decode(const Tensor& z_BCHW, Pass& pass) const override {
    check_channels(z_BCHW, info_.latent_channels, "latents");
    const Tensor x_BCHW =
        post_quant_conv_ ? (*post_quant_conv_)(z_BCHW, pass) : z_BCHW;
    return decoder_(x_BCHW, pass);
  }

  EncodedPicture encode(const Tensor& x_BCHW, Pass& pass) const override {
    check_channels(x_BCHW, in_channels_, "a picture");
    Tensor moments = encoder_(x_BCHW, pass);
    if (quant_conv_) moments = (*quant_conv_)(moments, pass);
    const std::vector<Tensor> halves = moments.chunk(2, 1);
    return {halves[0], halves[1].clamp(-30, 20)};
  }

 private:
  int64_t in_channels_;
  Encoder encoder_;
  Decoder decoder_;
  std::optional<Conv2d> quant_conv_, post_quant_conv_;
};

}  // namespace

std::unique_ptr<Autoencoder> make_autoencoder_kl(ModelFiles& files) {
  refuse_quantised(files.config, files.where);
  Config config{read_autoencoder_kl_config(files.config, files.where),
                Activation::silu};
  config.act = parse_activation(config.activation,
                                fmt::format("{}: \"act_fn\"", files.where));
  files.source.spelling = spell_old_attention;
  return std::make_unique<Network>(WeightScope(files.source), config);
}

}  // namespace lineas
