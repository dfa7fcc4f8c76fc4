// Source: diffusers pipelines/stable_diffusion_xl, pipelines/flux,
// image_processor.py.
#include "lineas/diffusion/autoencoder.h"

#include "lineas/base/error.h"

namespace lineas {
namespace {

bool has_moments(const AutoencoderInfo& info) {
  return !info.latents_mean.empty();
}

// A number a channel.
Tensor by_channel(const std::vector<double>& values, const Tensor& like) {
  return at::tensor(values, like.options()).view({1, -1, 1, 1});
}

}  // namespace

void Autoencoder::check_channels(const Tensor& x_BCHW,
                                 int64_t channels,
                                 const char* what) {
  if (x_BCHW.dim() == 4 && x_BCHW.size(1) == channels) return;
  fail(ErrorKind::shape,
       "{} of shape {} for an autoencoder of [rows, {}, height, width]",
       what,
       to_string(x_BCHW.sizes()),
       channels);
}

Tensor unscale_latents(const Tensor& latents_BCHW,
                       const AutoencoderInfo& info) {
  if (!has_moments(info))
    return latents_BCHW / info.scaling_factor + info.shift_factor;
  return latents_BCHW * by_channel(info.latents_std, latents_BCHW) /
             info.scaling_factor +
         by_channel(info.latents_mean, latents_BCHW);
}

Tensor scale_latents(const Tensor& z_BCHW, const AutoencoderInfo& info) {
  if (!has_moments(info))
    return (z_BCHW - info.shift_factor) * info.scaling_factor;
  return (z_BCHW - by_channel(info.latents_mean, z_BCHW)) *
         info.scaling_factor / by_channel(info.latents_std, z_BCHW);
}

Tensor to_picture(const Tensor& x_BCHW) {
  return (x_BCHW.to(at::kFloat) / 2 + 0.5).clamp(0, 1);
}

Tensor from_picture(const Tensor& picture_BCHW) {
  return picture_BCHW * 2 - 1;
}

}  // namespace lineas
