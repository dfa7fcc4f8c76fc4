// What config.json says of rotary positions, in both layouts: rope_theta and
// rope_scaling (transformers 4), rope_parameters (transformers 5). Knows how
// transformers resolves each; the angles are nn/rope.h's.
#pragma once

#include "lineas/models/config.h"
#include "lineas/nn/rope.h"

namespace lineas {

/// What an architecture brings along.
struct RopeDefaults {
  int64_t head_width = 0;
  double theta = 10000;
  bool rotates_parts = false;  // partial_rotary_factor below 1 is known to it
  bool is_phi3 = false;        // "su" and "yarn" mean longrope
  /// Gemma 3: rope_parameters has an entry a layer type, this is which.
  std::string layer_type = "";
  std::string theta_key = "rope_theta";
  bool has_scaling = true;  // false: rope_scaling is about other layers
};

/// The settings. Throws unsupported for an unknown type, format for missing or
/// impossible numbers and for layouts that are both there and contradict each
/// other (4.57 and 5 obey different ones). Keys that transformers ignores are
/// warnings. Source: HF modeling_rope_utils.py, 4.57.1 and 5.3.0.
RopeSettings read_rope(const ModelFiles& files, const RopeDefaults& defaults);

/// How many tokens a row may have: max_position_embeddings, times the factor
/// where the scaling is meant to extend it and leaves that number alone.
int64_t read_context(const ModelFiles& files, const RopeSettings& rope);

}  // namespace lineas
