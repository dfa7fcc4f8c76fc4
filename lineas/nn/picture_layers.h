// The small modules of pictures x_BCHW (H, W here are height and width): their
// neurons are the channels, the second dimension, so their sites are visited
// with Layout::channels_first, whatever the rank. In memory the channels lie
// last: that is how convolutions are fastest, and how a picture becomes tokens
// without a copy.
#pragma once

#include "lineas/nn/mlp.h"
#include "lineas/nn/weight_scope.h"

namespace lineas {

struct Conv2dConfig {
  int64_t in = 0;
  int64_t out = 0;
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t padding = 1;
  bool has_bias = true;
};

/// weight_OIHW [out, in, kernel, kernel].
class Conv2d {
 public:
  Conv2d(const WeightScope& scope, const Conv2dConfig& config);
  Tensor operator()(const Tensor& x_BCHW, Pass& pass) const;

 private:
  int64_t stride_, padding_;
  SiteIndex site_;
  Tensor weight_OIHW_;
  Tensor bias_O_;  // undefined: none
};

/// Mean and variance norm of every group of channels over all pixels.
/// Source: Wu and He 2018.
class GroupNorm {
 public:
  /// Throws format where the groups do not divide the channels.
  GroupNorm(const WeightScope& scope,
            int64_t channels,
            int64_t groups,
            double eps);
  Tensor operator()(const Tensor& x_BCHW, Pass& pass) const;

 private:
  int64_t groups_;
  double eps_;
  SiteIndex site_;
  Tensor gain_C_;
  Tensor bias_C_;
};

/// An activation function that is a module, and so a site, of its own.
class ActivationLayer {
 public:
  ActivationLayer(const WeightScope& scope,
                  int64_t width,
                  Activation activation,
                  Layout layout = Layout::channels_last);
  Tensor operator()(const Tensor& x, Pass& pass) const;

 private:
  Activation activation_;
  Layout layout_;
  SiteIndex site_;
};

/// The picture with channels last in memory; itself where it is so already.
Tensor with_channels_last(const Tensor& x_BCHW);

/// Of every pixel its nearest one in x.
Tensor upsample_nearest(const Tensor& x_BCHW, int64_t height, int64_t width);

/// The pixels as tokens x_BTD, row by row, and back.
Tensor pixels_to_tokens(const Tensor& x_BCHW);
Tensor tokens_to_pixels(const Tensor& x_BTD, int64_t height, int64_t width);

}  // namespace lineas
