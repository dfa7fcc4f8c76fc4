#include "lineas/nn/picture_layers.h"

#include <limits>

#include "lineas/base/error.h"

namespace lineas {

Conv2d::Conv2d(const WeightScope& scope, const Conv2dConfig& config)
    : stride_(config.stride),
      padding_(config.padding),
      site_(scope.site(config.out)),
      weight_OIHW_(with_channels_last(scope.weight(
          "weight", {config.out, config.in, config.kernel, config.kernel}))) {
  if (config.has_bias) bias_O_ = scope.weight("bias", {config.out});
}

Tensor Conv2d::operator()(const Tensor& x_BCHW, Pass& pass) const {
  return pass.visit(site_,
                    at::conv2d(with_channels_last(x_BCHW),
                               weight_OIHW_,
                               bias_O_,
                               {stride_, stride_},
                               {padding_, padding_}),
                    Layout::channels_first);
}

GroupNorm::GroupNorm(const WeightScope& scope,
                     int64_t channels,
                     int64_t groups,
                     double eps)
    : groups_(groups), eps_(eps), site_(scope.site(channels)) {
  if (groups < 1 || channels % groups != 0)
    fail(ErrorKind::format,
         "{}: \"{}\" has {} channels, which config.json's {} norm groups do "
         "not divide",
         scope.where(),
         scope.path(),
         channels,
         groups);
  gain_C_ = scope.weight("weight", {channels});
  bias_C_ = scope.weight("bias", {channels});
}

Tensor GroupNorm::operator()(const Tensor& x_BCHW, Pass& pass) const {
  return pass.visit(site_,
                    at::group_norm(x_BCHW, groups_, gain_C_, bias_C_, eps_),
                    Layout::channels_first);
}

ActivationLayer::ActivationLayer(const WeightScope& scope,
                                 int64_t width,
                                 Activation activation,
                                 Layout layout)
    : activation_(activation), layout_(layout), site_(scope.site(width)) {}

Tensor ActivationLayer::operator()(const Tensor& x, Pass& pass) const {
  return pass.visit(site_, activate(x, activation_), layout_);
}

Tensor with_channels_last(const Tensor& x_BCHW) {
  return x_BCHW.contiguous(at::MemoryFormat::ChannelsLast);
}

Tensor upsample_nearest(const Tensor& x_BCHW, int64_t height, int64_t width) {
  const int64_t entries = x_BCHW.size(0) * x_BCHW.size(1);
  // CUDA's kernel for channels last counts in 32 bits.
  const bool is_huge =
      entries * height * width > std::numeric_limits<int32_t>::max();
  return at::upsample_nearest2d(is_huge ? x_BCHW.contiguous() : x_BCHW,
                                at::IntArrayRef{height, width});
}

Tensor pixels_to_tokens(const Tensor& x_BCHW) {
  return x_BCHW.permute({0, 2, 3, 1}).flatten(1, 2);
}

Tensor tokens_to_pixels(const Tensor& x_BTD, int64_t height, int64_t width) {
  return x_BTD.unflatten(1, at::IntArrayRef{height, width})
      .permute({0, 3, 1, 2});
}

}  // namespace lineas
