// Rotary position embedding: frequencies, angles, and the rotation of the part
// of a head that rotates. Knows nothing of config.json (models/rope_config.h
// reads it); the rotation of whole heads itself is in fused.h.
#pragma once

#include <span>
#include <vector>

#include "lineas/tap/tap.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

/// cos and sin of a call's tokens, [S, d/2] in float32. Undefined: no rotation.
struct RopeAngles {
  Tensor cos_Sd2;
  Tensor sin_Sd2;
};

/// How the frequencies are scaled; the names are Hugging Face's.
enum class RopeType { plain, linear, dynamic, yarn, longrope, llama3 };

/// Everything the angles depend on. Source: HF modeling_rope_utils.py; Su et
/// al. 2021, Peng et al. 2023 (YaRN), Ding et al. 2024 (LongRoPE).
struct RopeSettings {
  RopeType type = RopeType::plain;
  int64_t width = 0;  // rotated numbers of a head, even
  double theta = 10000;
  double factor = 1;            // linear, dynamic, yarn, llama3
  double attention_factor = 1;  // of cos and sin: yarn, longrope
  /// Tokens that the model was trained on: dynamic and longrope change beyond,
  /// yarn and llama3 compare wavelengths with it.
  double trained_context = 0;
  double low_frequency = 1, high_frequency = 4;          // llama3
  double beta_fast = 32, beta_slow = 1;                  // yarn
  bool truncates = true;                                 // yarn
  std::vector<double> short_factors = {}, long_factors;  // longrope: width / 2

  bool operator==(const RopeSettings&) const = default;
};

class Rope {
 public:
  explicit Rope(const RopeSettings& settings);

  /// `rows`: those of the call. Two types depend on how long a row is, as in
  /// transformers, where the call's last position decides, and a call is one
  /// prompt: dynamic beyond trained_context, longrope at all. Keys in a cache
  /// keep the rotation they got, there and here.
  RopeAngles angles(const Tensor& positions_S,
                    std::span<const RowView> rows) const;

 private:
  std::vector<float> frequencies(int64_t keys) const;
  Tensor frequencies_of_tokens(std::span<const RowView> rows) const;
  bool depends_on_length() const;

  RopeSettings settings_;
  Tensor frequency_d2_;  // of rows within the trained context
};

/// x_SHd with its first 2 * angles numbers of every head rotated; x itself
/// where the angles are undefined.
Tensor rotate_part(const Tensor& x_SHd, const RopeAngles& angles);

}  // namespace lineas
