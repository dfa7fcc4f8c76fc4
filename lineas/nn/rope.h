// Rotary position embedding: the angles. The rotation itself is in fused.h.
#pragma once

#include <string>

#include "lineas/base/json.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

/// cos and sin of a call's tokens, [S, d/2] in float32.
struct RopeAngles {
  Tensor cos_Sd2;
  Tensor sin_Sd2;
};

/// Inverse frequencies, from config.json's rope_theta and rope_scaling.
class Rope {
 public:
  /// `config`: the model's config.json; reads rope_theta (default 10000) and
  /// rope_scaling of type "default", "linear" or "llama3". Throws unsupported
  /// for any other type. Source: HF modeling_rope_utils.py.
  Rope(const Json& config, int64_t head_width, const std::string& where);

  RopeAngles angles(const Tensor& positions_S) const;

 private:
  Tensor inverse_frequency_d2_;
};

}  // namespace lineas
