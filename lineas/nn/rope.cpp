#include "lineas/nn/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lineas/kernels/fused.h"

namespace lineas {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

double exponent(int64_t i, int64_t width) {
  return 2.0 * static_cast<double>(i) / static_cast<double>(width);
}

// A base that grows with the row, so that its longest wave still fits.
// Source: HF _compute_dynamic_ntk_parameters.
double grown_theta(const RopeSettings& rope, int64_t keys) {
  const double length =
      std::max(static_cast<double>(keys), rope.trained_context);
  const double growth =
      rope.factor * length / rope.trained_context - (rope.factor - 1);
  const auto width = static_cast<double>(rope.width);
  return rope.theta * std::pow(growth, width / (width - 2));
}

// Llama 3.1's scaling: long wavelengths are slowed by `factor`, short ones
// kept, those between blended. Source: HF _compute_llama3_parameters.
double scale_llama3(const RopeSettings& rope, double frequency) {
  const double waves = rope.trained_context * frequency / kTurn;
  if (waves > rope.high_frequency) return frequency;
  if (waves < rope.low_frequency) return frequency / rope.factor;
  const double smooth =
      (waves - rope.low_frequency) / (rope.high_frequency - rope.low_frequency);
  return (1 - smooth) * frequency / rope.factor + smooth * frequency;
}

// The (fractional) pair that turns `turns` times within the trained context.
double pair_that_turns(const RopeSettings& rope, double turns) {
  return static_cast<double>(rope.width) *
         std::log(rope.trained_context / (turns * kTurn)) /
         (2 * std::log(rope.theta));
}

// YaRN: pairs that turn often are kept, those that turn seldom slowed by
// `factor`, a ramp between them. Source: HF _compute_yarn_parameters.
double scale_yarn(const RopeSettings& rope, double frequency, int64_t i) {
  double low = pair_that_turns(rope, rope.beta_fast);
  double high = pair_that_turns(rope, rope.beta_slow);
  if (rope.truncates) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rope.width - 1));
  if (low == high) high += 0.001;
  const double ramp =
      std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
  return frequency / rope.factor * ramp + frequency * (1 - ramp);
}

double scale_longrope(const RopeSettings& rope,
                      double frequency,
                      int64_t i,
                      int64_t keys) {
  const bool is_long = static_cast<double>(keys) > rope.trained_context;
  return frequency / (is_long ? rope.long_factors : rope.short_factors)[i];
}

double scale(const RopeSettings& rope,
             double frequency,
             int64_t i,
             int64_t keys) {
  switch (rope.type) {
    case RopeType::linear:
      return frequency / rope.factor;
    case RopeType::llama3:
      return scale_llama3(rope, frequency);
    case RopeType::yarn:
      return scale_yarn(rope, frequency, i);
    case RopeType::longrope:
      return scale_longrope(rope, frequency, i, keys);
    case RopeType::plain:
    case RopeType::dynamic:
      break;
  }
  return frequency;
}

}  // namespace

Rope::Rope(const RopeSettings& settings)
    : settings_(settings),
      frequency_d2_(at::tensor(frequencies(0), at::kFloat)) {}

bool Rope::depends_on_length() const {
  return settings_.type == RopeType::dynamic ||
         settings_.type == RopeType::longrope;
}

// Those of a row whose last token has position keys - 1.
std::vector<float> Rope::frequencies(int64_t keys) const {
  const double theta = settings_.type == RopeType::dynamic
                           ? grown_theta(settings_, keys)
                           : settings_.theta;
  std::vector<float> frequencies;
  for (int64_t i = 0; i < settings_.width / 2; ++i) {
    const double plain = std::pow(theta, -exponent(i, settings_.width));
    frequencies.push_back(static_cast<float>(scale(settings_, plain, i, keys)));
  }
  return frequencies;
}

// [S, d/2], or [d/2] where all rows have the same.
Tensor Rope::frequencies_of_tokens(std::span<const RowView> rows) const {
  const auto is_beyond = [this](const RowView& row) {
    return static_cast<double>(row.position + row.size()) >
           settings_.trained_context;
  };
  if (!depends_on_length() || std::none_of(rows.begin(), rows.end(), is_beyond))
    return frequency_d2_;
  std::vector<Tensor> parts;
  for (const RowView& row : rows)
    parts.push_back(
        at::tensor(frequencies(row.position + row.size()), at::kFloat)
            .expand({row.size(), settings_.width / 2}));
  return at::cat(parts);
}

RopeAngles Rope::angles(const Tensor& positions_S,
                        std::span<const RowView> rows) const {
  const Tensor frequency = frequencies_of_tokens(rows).to(positions_S.device());
  const Tensor angle_Sd2 = positions_S.to(at::kFloat).unsqueeze(-1) * frequency;
  const double factor = settings_.attention_factor;
  if (factor == 1) return {angle_Sd2.cos(), angle_Sd2.sin()};
  return {angle_Sd2.cos() * factor, angle_Sd2.sin() * factor};
}

Tensor rotate_part(const Tensor& x_SHd, const RopeAngles& angles) {
  if (!angles.cos_Sd2.defined()) return x_SHd;
  const int64_t rotated = 2 * angles.cos_Sd2.size(1), d = x_SHd.size(-1);
  if (rotated == d) return rotate(x_SHd, angles.cos_Sd2, angles.sin_Sd2);
  const Tensor turned = rotate(x_SHd.narrow(-1, 0, rotated).contiguous(),
                               angles.cos_Sd2,
                               angles.sin_Sd2);
  return at::cat({turned, x_SHd.narrow(-1, rotated, d - rotated)}, -1);
}

}  // namespace lineas
