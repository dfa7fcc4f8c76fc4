// FLUX.1, schnell and dev (FluxTransformer2DModel): packed latents and prompt
// in, what flow matching moves along out. Knows no scheduler and no packing.
#pragma once

#include <memory>

#include "lineas/diffusion/flux_blocks.h"
#include "lineas/diffusion/flux_config.h"
#include "lineas/models/language_model.h"

namespace lineas {

/// One denoising call, B rows. Tensors of floats come in the model's dtype, but
/// time and guidance in any.
struct FluxInput {
  Tensor latents_BTC;  // packed: one token a patch
  Tensor text_BLD;     // of T5; pads included
  Tensor pooled_BD;    // of CLIP
  /// The timestep over 1000, as pipelines pass it (they round it to the
  /// latents' dtype before they divide), and guidance_B, undefined where the
  /// model has no guidance embedding. Both are multiplied by 1000 in the
  /// model's dtype, which in bfloat16 makes 752 of 750, as published.
  Tensor time_B, guidance_B;
  Tensor text_ids_L3;   // zeros
  Tensor image_ids_T3;  // 0, y, x of every token
};

/// A call on its way: what flows from one block to the next.
struct FluxState {
  FluxStreams streams;
  FluxCall call;
};

class FluxTransformer {
 public:
  virtual ~FluxTransformer() = default;
  /// [B, T, config().out_width]. The rows of the pass are entries of the batch.
  /// Throws usage for guidance where there is none and the reverse, shape for
  /// ids that are not as many as tokens.
  Tensor operator()(const FluxInput& input, Pass& pass) const;

  /// The same call in stages, of a block each: begin, every stage in turn,
  /// finish. A stage can be run again from a copy of the state before it.
  virtual int64_t stages() const = 0;
  virtual FluxState begin(const FluxInput& input, Pass& pass) const = 0;
  virtual void advance(FluxState& state, int64_t stage, Pass& pass) const = 0;
  virtual Tensor finish(const FluxState& state, Pass& pass) const = 0;

  const FluxConfig& config() const { return config_; }

 protected:
  explicit FluxTransformer(const FluxConfig& config) : config_(config) {}
  FluxConfig config_;
};

/// Frozen weights of a config.json; sites under files.source.site_prefix.
std::unique_ptr<FluxTransformer> make_flux_transformer(ModelFiles& files);

}  // namespace lineas
