// From prompts to steered pictures: every prompt at every strength, several
// samples of each, handed out as soon as they are made. Commands, evaluations
// and examples make pictures here and nowhere else. Prints nothing.
#pragma once

#include <functional>

#include "lineas/engine/picture_engine.h"
#include "lineas/picture/picture.h"

namespace lineas {

/// One picture; the first two are places in the request's lists.
struct MadePicture {
  size_t prompt = 0;
  size_t strength = 0;
  int64_t sample = 0;
  uint64_t seed = 0;
  Tensor picture_3HW = {};  // [0, 1], float32; undefined where it failed
  /// Start, then after every step, where the request asks for them.
  std::vector<Tensor> latents = {};
  std::string error = {};  // where it failed: names the first bad site
};

struct PictureRequest {
  std::vector<std::string> prompts;
  PictureSettings settings = {};
  std::vector<Steering> steerings = {};
  /// Multiply the strength of every map.
  std::vector<double> strengths = {1};
  /// Of every prompt and strength; those of one number start from the same
  /// noise at every strength.
  int64_t samples = 1;
  /// Of the first picture; every next one (sample by sample, prompt by prompt)
  /// has the next seed.
  uint64_t seed = 0;
  /// Standard normal start of every picture of one strength, in that order;
  /// undefined: drawn.
  Tensor latents = {};
  NoiseOptions noise = {};
  /// Most pictures of a denoiser call. All strengths of a picture stay
  /// together.
  int64_t batch = 4;
  bool keeps_latents = false;
  /// Called after every denoiser call, with their number for all pictures.
  std::function<void(int64_t done, int64_t total)> on_step = {};
  /// Called when a picture is there, or has failed.
  std::function<void(const MadePicture&)> on_picture = {};
  /// Asked before every denoiser call; true ends the run, pictures that are
  /// there stay.
  std::function<bool()> is_cancelled = {};
};

/// Prompt by prompt, sample by sample, strength by strength; shorter where it
/// was cancelled. A picture whose latents are not finite fails alone. Throws as
/// PictureDrive does.
std::vector<MadePicture> run_pictures(const PictureEngine& engine,
                                      const PictureRequest& request);

/// Throws numeric where a picture has failed: for those who want all or none.
void check_none_failed(const std::vector<MadePicture>& pictures);

/// In 8 bits a colour, halves to even. [3, H, W] in [0, 1].
Picture to_bytes(const Tensor& picture_3HW);

}  // namespace lineas
