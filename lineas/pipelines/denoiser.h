// One face for the networks that denoise: what a UNet and FLUX's transformer
// are given beside latents, time and prompt follows from the picture's size.
#pragma once

#include <memory>

#include "lineas/pipelines/prompt_encoder.h"

namespace lineas {

/// In pixels.
struct PictureSize {
  int64_t height = 0;
  int64_t width = 0;
  bool operator==(const PictureSize&) const = default;
};

/// Latents of one picture as noise is drawn for them, [channels, height,
/// width]; FLUX's transformer takes them packed (pack_latents).
struct LatentShape {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;
  bool is_packed = false;

  std::vector<int64_t> drawn() const { return {channels, height, width}; }
  int64_t tokens() const { return (height / 2) * (width / 2); }
};

/// [B, C, h, w] -> [B, h/2 * w/2, 4 C]: a token is two by two pixels, the
/// channel slowest; and back.
Tensor pack_latents(const Tensor& x_BCHW);
Tensor unpack_latents(const Tensor& x_BTC, const LatentShape& shape);

class Denoiser {
 public:
  /// What flows from one stage of a call to the next, a row an entry each.
  using State = std::vector<Tensor>;

  virtual ~Denoiser() = default;
  /// A call is `begin`, `advance` of every stage in turn, `finish`; a stage can
  /// be run again from the state before it. `latents`: as the scheduler gives
  /// them, in the model's dtype, one row an entry of the pass.
  virtual int64_t stages() const = 0;
  virtual State begin(const Tensor& latents,
                      double timestep,
                      const PromptEmbeddings& prompts,
                      Pass& pass) const = 0;
  virtual void advance(State& state,
                       int64_t stage,
                       const PromptEmbeddings& prompts,
                       Pass& pass) const = 0;
  virtual Tensor finish(State state, Pass& pass) const = 0;
  /// The site behind which nothing is left but the sampler.
  virtual std::string output_site() const = 0;
  const LatentShape& shape() const { return shape_; }
  const PictureSize& size() const { return size_; }

 protected:
  Denoiser(const PictureSize& size, const LatentShape& shape)
      : size_(size), shape_(shape) {}
  PictureSize size_;
  LatentShape shape_;
};

struct DenoiserOptions {
  /// 0 each: what the network was trained on.
  PictureSize size = {};
  /// For a model that was distilled with a guidance of its own (FLUX dev).
  double guidance = 3.5;
};

/// The networks must outlive it. Throws usage for a size that does not divide
/// by what latents and patches need, with the nearest that does.
std::unique_ptr<Denoiser> make_denoiser(const PipelineNetworks& networks,
                                        const DenoiserOptions& options);

}  // namespace lineas
