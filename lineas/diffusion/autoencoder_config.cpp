// Source: diffusers models/autoencoders/autoencoder_kl.py, autoencoder_tiny.py.
#include "lineas/diffusion/autoencoder_config.h"

#include <cmath>

#include "lineas/base/error.h"
#include "lineas/base/printable.h"
#include "lineas/diffusion/config_fields.h"

namespace lineas {
namespace {

constexpr const char* kKlDefaults = R"({
  "in_channels": 3, "out_channels": 3,
  "down_block_types": ["DownEncoderBlock2D"],
  "up_block_types": ["UpDecoderBlock2D"], "block_out_channels": [64],
  "layers_per_block": 1, "act_fn": "silu", "latent_channels": 4,
  "norm_num_groups": 32, "sample_size": 32, "scaling_factor": 0.18215,
  "shift_factor": null, "latents_mean": null, "latents_std": null,
  "force_upcast": true, "use_quant_conv": true, "use_post_quant_conv": true,
  "mid_block_add_attention": true
})";

constexpr const char* kTinyDefaults = R"({
  "in_channels": 3, "out_channels": 3,
  "encoder_block_out_channels": [64, 64, 64, 64],
  "decoder_block_out_channels": [64, 64, 64, 64], "act_fn": "relu",
  "upsample_fn": "nearest", "latent_channels": 4,
  "upsampling_scaling_factor": 2, "num_encoder_blocks": [1, 3, 3, 3],
  "num_decoder_blocks": [3, 3, 3, 1], "latent_magnitude": 3,
  "latent_shift": 0.5, "force_upcast": false, "scaling_factor": 1.0,
  "shift_factor": 0.0, "block_out_channels": null
})";

constexpr size_t kMostLevels = 16;

void check_level_count(const ConfigFields& fields,
                       const std::string& key,
                       size_t entries) {
  if (entries >= 1 && entries <= kMostLevels) return;
  fail(ErrorKind::format,
       "{}: \"{}\" has {} entries, it must have 1 to {}",
       fields.where(),
       key,
       entries,
       kMostLevels);
}

void check_same_count(const ConfigFields& fields,
                      const std::string& key,
                      const std::string& other) {
  const size_t count = fields.value(key).size();
  if (count == fields.value(other).size()) return;
  fail(ErrorKind::format,
       "{}: \"{}\" has {} entries, \"{}\" has {}",
       fields.where(),
       key,
       count,
       other,
       fields.value(other).size());
}

void check_block_types(const ConfigFields& fields,
                       const std::string& key,
                       const std::string& known) {
  for (const std::string& type : fields.list<std::string>(key))
    if (type != known)
      fail(ErrorKind::unsupported,
           "{}: \"{}\" has {}, which is not supported; known: {}",
           fields.where(),
           key,
           printable(type),
           known);
  check_same_count(fields, key, "block_out_channels");
}

// The class has no layer that would change the width between levels.
void check_one_width(const ConfigFields& fields, const std::string& key) {
  const std::vector<int64_t> widths = fields.sizes(key);
  for (const int64_t width : widths)
    if (width != widths[0])
      fail(ErrorKind::format,
           "{}: \"{}\" has {} and {}, which must be equal",
           fields.where(),
           key,
           widths[0],
           width);
}

// A finite number for each latent channel, or none at all.
std::vector<double> read_channels(const ConfigFields& fields,
                                  const std::string& key,
                                  int64_t channels) {
  if (fields.is_null(key)) return {};
  const auto values = fields.list<double>(key);
  if (static_cast<int64_t>(values.size()) != channels)
    fail(ErrorKind::format,
         "{}: \"{}\" has {} entries for {} latent channels",
         fields.where(),
         key,
         values.size(),
         channels);
  for (const double value : values)
    if (!std::isfinite(value))
      fail(ErrorKind::format, "{}: \"{}\" has {}", fields.where(), key, value);
  return values;
}

AutoencoderInfo read_info(const ConfigFields& fields) {
  return {.picture_channels = fields.size("out_channels"),
          .latent_channels = fields.size("latent_channels"),
          .scaling_factor = fields.positive("scaling_factor"),
          .shift_factor = fields.is_null("shift_factor")
                              ? 0
                              : fields.number("shift_factor"),
          .force_upcast = fields.flag("force_upcast")};
}

}  // namespace

AutoencoderKlConfig read_autoencoder_kl_config(const Json& config,
                                               const std::string& where) {
  const ConfigFields fields(config, kKlDefaults, where);
  fields.warn_of_unknown();
  AutoencoderKlConfig read{
      .info = read_info(fields),
      .in_channels = fields.size("in_channels"),
      .widths = fields.sizes("block_out_channels"),
      .layers = fields.size("layers_per_block"),
      .groups = fields.size("norm_num_groups"),
      .activation = fields.text("act_fn"),
      .has_quant_conv = fields.flag("use_quant_conv"),
      .has_post_quant_conv = fields.flag("use_post_quant_conv"),
      .mid_attends = fields.flag("mid_block_add_attention"),
  };
  check_level_count(fields, "block_out_channels", read.widths.size());
  check_block_types(fields, "down_block_types", "DownEncoderBlock2D");
  check_block_types(fields, "up_block_types", "UpDecoderBlock2D");
  AutoencoderInfo& info = read.info;
  info.downscale = int64_t{1} << (read.widths.size() - 1);
  info.latents_mean =
      read_channels(fields, "latents_mean", info.latent_channels);
  info.latents_std = read_channels(fields, "latents_std", info.latent_channels);
  if (info.latents_mean.empty() != info.latents_std.empty())
    fail(ErrorKind::format,
         "{}: \"latents_mean\" and \"latents_std\" go together, and one of "
         "them is missing",
         where);
  return read;
}

AutoencoderTinyConfig read_autoencoder_tiny_config(const Json& config,
                                                   const std::string& where) {
  const ConfigFields fields(config, kTinyDefaults, where);
  fields.warn_of_unknown();
  AutoencoderTinyConfig read{
      .info = read_info(fields),
      .in_channels = fields.size("in_channels"),
      .activation = fields.text("act_fn"),
      .encoder_widths = fields.sizes("encoder_block_out_channels"),
      .decoder_widths = fields.sizes("decoder_block_out_channels"),
      .encoder_blocks = fields.counts("num_encoder_blocks"),
      .decoder_blocks = fields.counts("num_decoder_blocks"),
      .upscale = fields.size("upsampling_scaling_factor"),
  };
  check_level_count(fields, "num_encoder_blocks", read.encoder_blocks.size());
  check_level_count(fields, "num_decoder_blocks", read.decoder_blocks.size());
  check_same_count(fields, "encoder_block_out_channels", "num_encoder_blocks");
  check_same_count(fields, "decoder_block_out_channels", "num_decoder_blocks");
  check_one_width(fields, "encoder_block_out_channels");
  check_one_width(fields, "decoder_block_out_channels");
  if (fields.text("upsample_fn") != "nearest")
    fail(ErrorKind::unsupported,
         "{}: \"upsample_fn\" is \"{}\", which is not supported; known: "
         "nearest",
         where,
         printable(fields.text("upsample_fn")));
  // The class sets it to false whatever the file says.
  read.info.force_upcast = false;
  read.info.downscale = int64_t{1} << (read.encoder_blocks.size() - 1);
  return read;
}

}  // namespace lineas
