// From a picture model and two prompt lists to a map set: the first denoising
// steps of pictures of the prompts, seen without being finished or decoded.
#pragma once

#include "lineas/engine/learn_maps.h"
#include "lineas/engine/picture_engine.h"

namespace lineas {

/// "" for sites: the norms of the UNet, or the outputs of FLUX's blocks.
struct PictureLearnRequest : LearnRequest {
  PictureSettings settings = {};
  /// How many of the sampler's steps are run and matched.
  int64_t denoise_steps = 1;
  /// Holds the graph of one layer of the denoiser at a time: the same gradient
  /// for one more forward pass. Nothing: where memory would be short.
  std::optional<bool> recomputes = std::nullopt;
  /// The i-th source and the i-th target prompt start from the same noise, so
  /// that their responses differ by the prompt alone.
  bool shares_noise = true;
  /// Of the noise: one generator a prompt, numbered from here.
  uint64_t seed = 0;
  /// Start of the i-th prompt of both lists, standard normal; undefined: drawn.
  Tensor latents = {};
  NoiseOptions noise = {};
};

/// `unet.*norm.*`, or FLUX's blocks with text and picture outputs.
std::string default_picture_sites(const PictureModel& model);

/// Learns maps. Says on stderr which sites a default chose and, of a method
/// that goes by gradients, what memory it takes. Throws as
/// learn_maps and PictureDrive do.
MapSet learn_maps(const PictureEngine& engine,
                  const PictureLearnRequest& request,
                  Progress& progress);

}  // namespace lineas
