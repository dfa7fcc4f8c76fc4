// What both autoencoders offer, and the small steps between latents as samplers
// have them and as an autoencoder takes them, and between its numbers and a
// picture's.
#pragma once

#include <memory>

#include "lineas/diffusion/autoencoder_config.h"
#include "lineas/models/language_model.h"

namespace lineas {

struct EncodedPicture {
  Tensor mean_BCHW;
  /// Clamped to [-30, 20]; undefined where an autoencoder has none (Tiny).
  Tensor logvar_BCHW = {};
};

class Autoencoder {
 public:
  virtual ~Autoencoder() = default;
  /// Latents as unscale_latents() gives them -> a picture in about [-1, 1].
  /// Throws shape for other channels.
  virtual Tensor decode(const Tensor& z_BCHW, Pass& pass) const = 0;
  /// A picture in [-1, 1] -> latents not yet scaled.
  virtual EncodedPicture encode(const Tensor& x_BCHW, Pass& pass) const = 0;
  const AutoencoderInfo& info() const { return info_; }

 protected:
  explicit Autoencoder(const AutoencoderInfo& info) : info_(info) {}
  /// Throws shape, saying of `what`.
  static void check_channels(const Tensor& x_BCHW,
                             int64_t channels,
                             const char* what);
  AutoencoderInfo info_;
};

/// AutoencoderKL. Also reads files with the first names of its attention
/// (query, key, value, proj_attn).
std::unique_ptr<Autoencoder> make_autoencoder_kl(ModelFiles& files);
std::unique_ptr<Autoencoder> make_autoencoder_tiny(ModelFiles& files);

/// From the sampler's latents to decode()'s: latents / scaling + shift, with
/// means and deviations latents * std / scaling + mean; and back.
Tensor unscale_latents(const Tensor& latents_BCHW, const AutoencoderInfo& info);
Tensor scale_latents(const Tensor& z_BCHW, const AutoencoderInfo& info);

/// What decode() gives as a picture in [0, 1], in float32, and back.
Tensor to_picture(const Tensor& x_BCHW);
Tensor from_picture(const Tensor& picture_BCHW);

}  // namespace lineas
