// Source: diffusers models/unets/unet_2d_blocks.py.
#include "lineas/diffusion/unet_blocks.h"

#include <algorithm>

namespace lineas {
namespace {

ResnetConfig resnet_config(const UnetConfig& config, Activation activation) {
  return {.time_width = config.time_width,
          .groups = config.groups,
          .eps = config.eps,
          .activation = activation,
          .time_scales = config.time_scales};
}

ResnetConfig with_channels(ResnetConfig config, int64_t in, int64_t out) {
  config.in = in;
  config.out = out;
  return config;
}

TransformerConfig transformer_config(const UnetConfig& config,
                                     const UnetLevel& level) {
  return {.channels = level.channels,
          .heads = level.heads,
          .text_width = level.text_width,
          .groups = config.groups,
          .linear_projections = config.linear_projections,
          .only_cross_attention = level.only_cross_attention,
          .upcasts = config.upcasts_attention};
}

std::vector<ResnetConfig> down_resnets(const UnetConfig& config,
                                       size_t index,
                                       Activation activation) {
  const UnetLevel& level = config.levels[index];
  int64_t in = config.levels[index == 0 ? 0 : index - 1].channels;
  std::vector<ResnetConfig> resnets;
  for (int64_t i = 0; i < level.resnets; ++i) {
    resnets.push_back(
        with_channels(resnet_config(config, activation), in, level.channels));
    in = level.channels;
  }
  return resnets;
}

// Every resnet takes a skip too: the first ones that this level left behind,
// the last one what came into it on the way down.
std::vector<ResnetConfig> up_resnets(const UnetConfig& config,
                                     size_t index,
                                     Activation activation) {
  const UnetLevel& level = config.levels[index];
  const size_t coarser = std::min(index + 1, config.levels.size() - 1);
  const size_t finer = index == 0 ? 0 : index - 1;
  std::vector<ResnetConfig> resnets;
  for (int64_t i = 0; i <= level.resnets; ++i) {
    const int64_t in =
        i == 0 ? config.levels[coarser].channels : level.channels;
    const int64_t skip =
        i == level.resnets ? config.levels[finer].channels : level.channels;
    resnets.push_back(with_channels(
        resnet_config(config, activation), in + skip, level.channels));
  }
  return resnets;
}

}  // namespace

UnetLayers::UnetLayers(const WeightScope& scope,
                       const std::vector<ResnetConfig>& resnets,
                       const TransformerConfig& transformer,
                       const std::vector<int64_t>& depths) {
  for (size_t i = 0; i < depths.size(); ++i) {
    TransformerConfig config = transformer;
    config.depth = depths[i];
    attentions_.emplace_back(scope / "attentions" / static_cast<int64_t>(i),
                             config);
  }
  for (size_t i = 0; i < resnets.size(); ++i)
    resnets_.emplace_back(scope / "resnets" / static_cast<int64_t>(i),
                          resnets[i]);
}

Tensor UnetLayers::operator()(size_t layer,
                              const Tensor& x_BCHW,
                              const Tensor& time_BE,
                              const Tensor& text_BLD,
                              Pass& pass) const {
  const Tensor y_BCHW = resnets_[layer](x_BCHW, time_BE, pass);
  if (attentions_.empty()) return y_BCHW;
  return attentions_[layer](y_BCHW, text_BLD, pass);
}

UnetDownBlock::UnetDownBlock(const WeightScope& scope,
                             const UnetConfig& config,
                             size_t level,
                             Activation activation)
    : site_(scope.site(config.levels[level].channels)),
      layers_(scope,
              down_resnets(config, level, activation),
              transformer_config(config, config.levels[level]),
              config.levels[level].down_depths) {
  if (level + 1 < config.levels.size())
    downsampler_.emplace(scope / "downsamplers" / 0,
                         config.levels[level].channels,
                         config.downsample_padding);
}

void UnetDownBlock::operator()(size_t layer,
                               UnetState& state,
                               const Tensor& text_BLD,
                               Pass& pass) const {
  Tensor& x_BCHW = state.x_BCHW;
  x_BCHW = layers_(layer, x_BCHW, state.time_BE, text_BLD, pass);
  state.skips.push_back(x_BCHW);
  if (layer + 1 < layers()) return;
  if (downsampler_)
    state.skips.push_back(x_BCHW = (*downsampler_)(x_BCHW, pass));
  // What a tap makes of the block's output is not what the way up sees.
  x_BCHW = pass.visit(site_, x_BCHW, Layout::channels_first);
}

UnetMidBlock::UnetMidBlock(const WeightScope& scope,
                           const UnetConfig& config,
                           Activation activation)
    : site_(scope.site(config.levels.back().channels)) {
  const UnetLevel& level = config.levels.back();
  const bool attends = config.mid == UnetMid::cross_attention;
  if (attends) {
    TransformerConfig transformer = transformer_config(config, level);
    transformer.depth = config.mid_depth;
    transformer.only_cross_attention = false;
    attention_.emplace(scope / "attentions" / 0, transformer);
  }
  ResnetConfig resnet = with_channels(
      resnet_config(config, activation), level.channels, level.channels);
  resnet.out_divisor = config.mid_divisor;
  for (int64_t i = 0; i < (attends ? 2 : 1); ++i)
    resnets_.emplace_back(scope / "resnets" / i, resnet);
}

void UnetMidBlock::operator()(UnetState& state,
                              const Tensor& text_BLD,
                              Pass& pass) const {
  Tensor& x_BCHW = state.x_BCHW;
  x_BCHW = resnets_[0](x_BCHW, state.time_BE, pass);
  if (attention_) {
    x_BCHW = (*attention_)(x_BCHW, text_BLD, pass);
    x_BCHW = resnets_[1](x_BCHW, state.time_BE, pass);
  }
  x_BCHW = pass.visit(site_, x_BCHW, Layout::channels_first);
}

UnetUpBlock::UnetUpBlock(const WeightScope& scope,
                         const UnetConfig& config,
                         size_t level,
                         Activation activation)
    : site_(scope.site(config.levels[level].channels)),
      layers_(scope,
              up_resnets(config, level, activation),
              transformer_config(config, config.levels[level]),
              config.levels[level].up_depths) {
  if (level > 0)
    upsampler_.emplace(scope / "upsamplers" / 0, config.levels[level].channels);
}

void UnetUpBlock::operator()(size_t layer,
                             UnetState& state,
                             const Tensor& text_BLD,
                             Pass& pass) const {
  Tensor& x_BCHW = state.x_BCHW;
  const Tensor joined = at::cat({x_BCHW, state.skips.back()}, 1);
  state.skips.pop_back();
  x_BCHW = layers_(layer, joined, state.time_BE, text_BLD, pass);
  if (layer + 1 < layers()) return;
  if (upsampler_) {
    const Tensor& next = state.skips.back();
    x_BCHW = (*upsampler_)(x_BCHW, next.size(2), next.size(3), pass);
  }
  x_BCHW = pass.visit(site_, x_BCHW, Layout::channels_first);
}

}  // namespace lineas
