// What config.json of a FLUX transformer says. Needs no LibTorch.
#pragma once

#include <string>
#include <vector>

#include "lineas/base/json.h"

namespace lineas {

struct FluxConfig {
  int64_t in_channels = 0;
  int64_t out_width = 0;  // of a token: patch_size^2 times out_channels
  int64_t double_blocks = 0;
  int64_t single_blocks = 0;
  int64_t heads = 0;
  int64_t head_width = 0;
  int64_t text_width = 0;
  int64_t pooled_width = 0;
  bool has_guidance = false;
  std::vector<int64_t> rope_axes;  // numbers of a head that each id rotates

  int64_t width() const { return heads * head_width; }
};

/// Throws format, naming file and field.
FluxConfig read_flux_config(const Json& config, const std::string& where);

}  // namespace lineas
