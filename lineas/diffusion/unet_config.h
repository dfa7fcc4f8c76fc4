// What config.json of a UNet2DConditionModel says. Needs no LibTorch.
#pragma once

#include <string>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

/// One resolution: a down block, and the up block that answers it.
struct UnetLevel {
  int64_t channels = 0;
  int64_t resnets = 0;  // of the down block; the up block has one more
  int64_t heads = 0;
  int64_t text_width = 0;
  bool only_cross_attention = false;
  bool attends_down = false, attends_up = false;
  /// Blocks of every transformer; empty without attention.
  std::vector<int64_t> down_depths = {}, up_depths = {};
};

enum class UnetMid { none, resnet, cross_attention };

struct UnetConfig {
  int64_t in_channels = 0, out_channels = 0;
  int64_t in_kernel = 3, out_kernel = 3;
  std::vector<UnetLevel> levels;  // from the finest on
  UnetMid mid = UnetMid::cross_attention;
  int64_t mid_depth = 0;
  double mid_divisor = 1;  // mid_block_scale_factor
  int64_t groups = 0;
  double eps = 1e-5;
  std::string activation;  // its name, not yet known to be one
  int64_t downsample_padding = 1;
  bool linear_projections = false;
  bool upcasts_attention = false;
  bool time_scales = false;  // resnet_time_scale_shift "scale_shift"
  bool centers_input = false;
  /// Sinusoids of the timestep, and of the numbers of text_time.
  bool cos_first = true;
  double freq_shift = 0;
  int64_t time_width = 0;          // of the embedding
  std::string time_act = {};       // time_embedding_act_fn; empty: none
  std::string time_post_act = {};  // timestep_post_act; empty: none
  /// addition_embed_type "text_time" (SDXL): sinusoids of every number, and
  /// the width of pooled text and all sinusoids together. 0 without.
  int64_t added_sinusoids = 0, added_width = 0;
  /// Of latents that it was trained on (sample_size), [0, 0] where unsaid.
  int64_t sample_height = 0, sample_width = 0;

  bool has_text_time() const { return added_width > 0; }
};

/// Throws format or unsupported, naming file and field.
UnetConfig read_unet_config(const Json& config, const std::string& where);

}  // namespace lineas
