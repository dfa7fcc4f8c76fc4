// The residual block that UNets and autoencoders are made of, and the resizing
// between their levels.
// Source: diffusers models/resnet.py, downsampling.py and upsampling.py.
#pragma once

#include <optional>

#include "lineas/nn/layers.h"
#include "lineas/nn/picture_layers.h"

namespace lineas {

struct ResnetConfig {
  int64_t in = 0;
  int64_t out = 0;
  int64_t time_width = 0;  // of the time embedding; 0: there is none
  int64_t groups = 0;
  double eps = 1e-6;
  Activation activation = Activation::silu;
  /// The time scales and shifts behind the second norm, instead of being added
  /// before it (resnet_time_scale_shift "scale_shift").
  bool time_scales = false;
  double out_divisor = 1;  // output_scale_factor
};

/// ResnetBlock2D. Its `nonlinearity` is one module that is called three times
/// a pass, and a site is visited once, so it is no site.
class Resnet {
 public:
  Resnet(const WeightScope& scope, const ResnetConfig& config);
  /// time_BE: the embedding behind the activation function, which all blocks
  /// share; undefined without time_width.
  Tensor operator()(const Tensor& x_BCHW,
                    const Tensor& time_BE,
                    Pass& pass) const;

 private:
  Tensor normed_with_time(Tensor x_BCHW,
                          const Tensor& time_BE,
                          Pass& pass) const;

  ResnetConfig config_;
  SiteIndex site_;
  GroupNorm norm1_;
  Conv2d conv1_;
  std::optional<Linear> time_emb_proj_;
  GroupNorm norm2_;
  Conv2d conv2_;
  std::optional<Conv2d> conv_shortcut_;
};

/// Half the size by a convolution. Padding 1 is on all sides, padding 0 means
/// one pixel at the right and at the bottom (autoencoders).
class Downsampler {
 public:
  Downsampler(const WeightScope& scope, int64_t channels, int64_t padding);
  Tensor operator()(const Tensor& x_BCHW, Pass& pass) const;

 private:
  bool pads_behind_;
  SiteIndex site_;
  Conv2d conv_;
};

/// The nearest pixels, then a convolution.
class Upsampler {
 public:
  Upsampler(const WeightScope& scope, int64_t channels);
  Tensor operator()(const Tensor& x_BCHW,
                    int64_t height,
                    int64_t width,
                    Pass& pass) const;

 private:
  SiteIndex site_;
  Conv2d conv_;
};

}  // namespace lineas
