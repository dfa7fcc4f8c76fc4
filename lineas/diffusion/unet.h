// UNet2DConditionModel of Stable Diffusion 1.x, 2.x, XL and what is distilled
// from them: noisy latents and a prompt in, what the sampler asks for out.
// Knows no sampler and no guidance.
#pragma once

#include <memory>

#include "lineas/diffusion/unet_blocks.h"
#include "lineas/models/language_model.h"

namespace lineas {

/// One denoising call, B rows.
struct UnetInput {
  Tensor latents_BCHW;  // in the model's dtype
  Tensor time_B;        // [B], [1] or []; any dtype, whole or not
  Tensor text_BLD;      // in the model's dtype; pads included
  /// With text_time (SDXL) alone: the pooled prompt, and original height and
  /// width, crop top and left, target height and width, in any dtype.
  Tensor pooled_BD = {}, time_ids_BN = {};
};

class Unet {
 public:
  virtual ~Unet() = default;
  /// [B, config().out_channels, H, W], for any H and W that survive the
  /// halving. The rows of the pass are entries of the batch. Throws shape for
  /// other channels and widths, usage for pooled prompts where there are none
  /// and the reverse.
  Tensor operator()(const UnetInput& input, Pass& pass) const;

  /// The same call in stages, of a layer each: begin, every stage in turn,
  /// finish. A stage can be run again from a copy of the state before it.
  virtual int64_t stages() const = 0;
  virtual UnetState begin(const UnetInput& input, Pass& pass) const = 0;
  virtual void advance(UnetState& state,
                       int64_t stage,
                       const Tensor& text_BLD,
                       Pass& pass) const = 0;
  virtual Tensor finish(const UnetState& state, Pass& pass) const = 0;

  const UnetConfig& config() const { return config_; }

 protected:
  explicit Unet(const UnetConfig& config) : config_(config) {}
  UnetConfig config_;
};

/// Frozen weights of a config.json; sites under files.source.site_prefix.
std::unique_ptr<Unet> make_unet(ModelFiles& files);

}  // namespace lineas
