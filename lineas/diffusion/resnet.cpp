#include "lineas/diffusion/resnet.h"

namespace lineas {
namespace {

std::optional<Linear> make_time_proj(const WeightScope& scope,
                                     const ResnetConfig& config) {
  if (config.time_width == 0) return std::nullopt;
  const int64_t out = config.time_scales ? 2 * config.out : config.out;
  return Linear(scope, config.time_width, out, true);
}

std::optional<Conv2d> make_shortcut(const WeightScope& scope,
                                    const ResnetConfig& config) {
  if (config.in == config.out) return std::nullopt;
  return Conv2d(
      scope, {.in = config.in, .out = config.out, .kernel = 1, .padding = 0});
}

}  // namespace

Resnet::Resnet(const WeightScope& scope, const ResnetConfig& config)
    : config_(config),
      site_(scope.site(config.out)),
      norm1_(scope / "norm1", config.in, config.groups, config.eps),
      conv1_(scope / "conv1", {.in = config.in, .out = config.out}),
      time_emb_proj_(make_time_proj(scope / "time_emb_proj", config)),
      norm2_(scope / "norm2", config.out, config.groups, config.eps),
      conv2_(scope / "conv2", {.in = config.out, .out = config.out}),
      conv_shortcut_(make_shortcut(scope / "conv_shortcut", config)) {}

Tensor Resnet::normed_with_time(Tensor x_BCHW,
                                const Tensor& time_BE,
                                Pass& pass) const {
  if (!time_emb_proj_) return norm2_(x_BCHW, pass);
  const Tensor time_BC11 =
      (*time_emb_proj_)(time_BE, pass).unsqueeze(-1).unsqueeze(-1);
  if (!config_.time_scales) return norm2_(x_BCHW + time_BC11, pass);
  const std::vector<Tensor> scale_and_shift = time_BC11.chunk(2, 1);
  return norm2_(x_BCHW, pass) * (scale_and_shift[0] + 1) + scale_and_shift[1];
}

Tensor Resnet::operator()(const Tensor& x_BCHW,
                          const Tensor& time_BE,
                          Pass& pass) const {
  Tensor y_BCHW = activate(norm1_(x_BCHW, pass), config_.activation);
  y_BCHW = normed_with_time(conv1_(y_BCHW, pass), time_BE, pass);
  y_BCHW = conv2_(activate(y_BCHW, config_.activation), pass);
  y_BCHW = (conv_shortcut_ ? (*conv_shortcut_)(x_BCHW, pass) : x_BCHW) + y_BCHW;
  if (config_.out_divisor != 1) y_BCHW = y_BCHW / config_.out_divisor;
  return pass.visit(site_, y_BCHW, Layout::channels_first);
}

Downsampler::Downsampler(const WeightScope& scope,
                         int64_t channels,
                         int64_t padding)
    : pads_behind_(padding == 0),
      site_(scope.site(channels)),
      conv_(
          scope / "conv",
          {.in = channels, .out = channels, .stride = 2, .padding = padding}) {}

Tensor Downsampler::operator()(const Tensor& x_BCHW, Pass& pass) const {
  const Tensor padded_BCHW =
      pads_behind_ ? at::constant_pad_nd(x_BCHW, {0, 1, 0, 1}) : x_BCHW;
  return pass.visit(site_, conv_(padded_BCHW, pass), Layout::channels_first);
}

Upsampler::Upsampler(const WeightScope& scope, int64_t channels)
    : site_(scope.site(channels)),
      conv_(scope / "conv", {.in = channels, .out = channels}) {}

Tensor Upsampler::operator()(const Tensor& x_BCHW,
                             int64_t height,
                             int64_t width,
                             Pass& pass) const {
  return pass.visit(site_,
                    conv_(upsample_nearest(x_BCHW, height, width), pass),
                    Layout::channels_first);
}

}  // namespace lineas
