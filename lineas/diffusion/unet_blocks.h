// The down, middle and up blocks of a UNet. The forward pass of each layer
// depends on its arguments alone, so that it can be run again for the
// gradients. Their order in the table is that of named_modules: transformers
// before the resnets that feed them.
#pragma once

#include <optional>
#include <vector>

#include "lineas/diffusion/resnet.h"
#include "lineas/diffusion/spatial_transformer.h"
#include "lineas/diffusion/unet_config.h"

namespace lineas {

/// A call on its way: what flows from one stage to the next.
struct UnetState {
  Tensor time_BE;  // behind the resnets' activation function
  Tensor x_BCHW;
  std::vector<Tensor> skips = {};  // to the way up, the last is taken first
};

/// Resnets, each with a transformer behind it or none of them.
class UnetLayers {
 public:
  /// `in`: channels that each resnet gets. `depths`: of the transformers.
  UnetLayers(const WeightScope& scope,
             const std::vector<ResnetConfig>& resnets,
             const TransformerConfig& transformer,
             const std::vector<int64_t>& depths);
  size_t size() const { return resnets_.size(); }
  /// `text_BLD`: undefined where nothing attends.
  Tensor operator()(size_t layer,
                    const Tensor& x_BCHW,
                    const Tensor& time_BE,
                    const Tensor& text_BLD,
                    Pass& pass) const;

 private:
  std::vector<SpatialTransformer> attentions_;
  std::vector<Resnet> resnets_;
};

/// DownBlock2D and CrossAttnDownBlock2D.
class UnetDownBlock {
 public:
  UnetDownBlock(const WeightScope& scope,
                const UnetConfig& config,
                size_t level,
                Activation activation);
  size_t layers() const { return layers_.size(); }
  /// One layer, the last with the downsampler; leaves a skip each.
  void operator()(size_t layer,
                  UnetState& state,
                  const Tensor& text_BLD,
                  Pass& pass) const;

 private:
  SiteIndex site_;
  UnetLayers layers_;
  std::optional<Downsampler> downsampler_;
};

/// UNetMidBlock2DCrossAttn, and UNetMidBlock2D of one resnet.
class UnetMidBlock {
 public:
  UnetMidBlock(const WeightScope& scope,
               const UnetConfig& config,
               Activation activation);
  void operator()(UnetState& state, const Tensor& text_BLD, Pass& pass) const;

 private:
  SiteIndex site_;
  std::optional<SpatialTransformer> attention_;
  std::vector<Resnet> resnets_;
};

/// UpBlock2D and CrossAttnUpBlock2D.
class UnetUpBlock {
 public:
  UnetUpBlock(const WeightScope& scope,
              const UnetConfig& config,
              size_t level,
              Activation activation);
  size_t layers() const { return layers_.size(); }
  /// One layer, the last with the upsampler to the size of the next skip; takes
  /// a skip each.
  void operator()(size_t layer,
                  UnetState& state,
                  const Tensor& text_BLD,
                  Pass& pass) const;

 private:
  SiteIndex site_;
  UnetLayers layers_;
  std::optional<Upsampler> upsampler_;
};

}  // namespace lineas
