// What config.json of an autoencoder says: AutoencoderKL and AutoencoderTiny.
// Needs no LibTorch.
#pragma once

#include <string>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

/// What pipelines ask of an autoencoder of either class.
struct AutoencoderInfo {
  int64_t picture_channels = 0;  // of what decode() gives
  int64_t latent_channels = 0;
  int64_t downscale = 0;  // pixels a latent, each way
  double scaling_factor = 1;
  double shift_factor = 0;
  /// Of every latent channel; empty: none (latents_mean, latents_std).
  std::vector<double> latents_mean = {}, latents_std = {};
  /// In float16 it must be run in float32.
  bool force_upcast = false;
};

struct AutoencoderKlConfig {
  AutoencoderInfo info;
  int64_t in_channels = 0;
  std::vector<int64_t> widths;  // of the levels, from the finest on
  int64_t layers = 0;           // resnets a level
  int64_t groups = 0;
  std::string activation;  // of the resnets
  bool has_quant_conv = false, has_post_quant_conv = false;
  bool mid_attends = false;
};

struct AutoencoderTinyConfig {
  AutoencoderInfo info;
  int64_t in_channels = 0;
  std::string activation;
  std::vector<int64_t> encoder_widths, decoder_widths;
  std::vector<int64_t> encoder_blocks, decoder_blocks;  // a level
  int64_t upscale = 2;                                  // of each level
};

/// Throws format or unsupported, naming file and field.
AutoencoderKlConfig read_autoencoder_kl_config(const Json& config,
                                               const std::string& where);
AutoencoderTinyConfig read_autoencoder_tiny_config(const Json& config,
                                                   const std::string& where);

}  // namespace lineas
