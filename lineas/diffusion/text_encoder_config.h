// What config.json of a text encoder says: CLIP's text half and T5's encoder,
// as transformers' configuration classes read it. Needs no LibTorch.
#pragma once

#include <string>

#include "lineas/base/json.h"

namespace lineas {

struct ClipTextConfig {
  int64_t vocabulary = 0;
  int64_t width = 0;
  int64_t inner = 0;
  int64_t projection = 0;  // width of text_embeds, where there are any
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t context = 0;
  std::string activation;  // its name, not yet known to be one
  double eps = 1e-5;
  /// 2 stands for "the highest id of the row", as in all published files.
  int64_t eos_id = 0;
};

/// Throws format, naming file and field. Also reads the config of a whole CLIP
/// ("text_config").
ClipTextConfig read_clip_text_config(const Json& config,
                                     const std::string& where);

struct T5Config {
  int64_t vocabulary = 0;
  int64_t width = 0;
  int64_t head_width = 0;  // heads * head_width need not be width
  int64_t heads = 0;
  int64_t inner = 0;
  int64_t layers = 0;
  int64_t buckets = 0;
  int64_t max_distance = 0;
  double eps = 1e-6;
  std::string activation;
  bool is_gated = false;
};

T5Config read_t5_config(const Json& config, const std::string& where);

}  // namespace lineas
