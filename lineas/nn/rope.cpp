#include "lineas/nn/rope.h"

#include <cmath>
#include <numbers>

#include "lineas/base/error.h"

namespace lineas {
namespace {

// Llama 3.1's scaling: long wavelengths are slowed by `factor`, short ones
// kept, those between blended. Source: HF _compute_llama3_parameters.
double scale_llama3(double frequency,
                    const Json& scaling,
                    const std::string& where) {
  const auto factor = require<double>(scaling, "factor", where);
  const auto low = require<double>(scaling, "low_freq_factor", where);
  const auto high = require<double>(scaling, "high_freq_factor", where);
  const auto context =
      require<double>(scaling, "original_max_position_embeddings", where);
  const double wavelength = 2 * std::numbers::pi / frequency;
  if (wavelength < context / high) return frequency;
  if (wavelength > context / low) return frequency / factor;
  const double smooth = (context / wavelength - low) / (high - low);
  return (1 - smooth) * frequency / factor + smooth * frequency;
}

double scale_frequency(double frequency,
                       const Json& scaling,
                       const std::string& where) {
  if (scaling.is_null()) return frequency;
  const auto type = scaling.contains("rope_type")
                        ? require<std::string>(scaling, "rope_type", where)
                        : require<std::string>(scaling, "type", where);
  if (type == "default") return frequency;
  if (type == "linear")
    return frequency / require<double>(scaling, "factor", where);
  if (type == "llama3") return scale_llama3(frequency, scaling, where);
  fail(ErrorKind::unsupported,
       "{}: rope_scaling of type \"{}\" is not supported; known: default, "
       "linear, llama3",
       where,
       type);
}

}  // namespace

Rope::Rope(const Json& config, int64_t head_width, const std::string& where) {
  const double theta = value_or<double>(config, "rope_theta", where, 10000.0);
  if (!(theta > 0))
    fail(ErrorKind::format, "{}: \"rope_theta\" is {}", where, theta);
  const Json scaling = value_or<Json>(config, "rope_scaling", where, nullptr);
  std::vector<float> frequencies;
  for (int64_t i = 0; i < head_width / 2; ++i) {
    const double exponent =
        2.0 * static_cast<double>(i) / static_cast<double>(head_width);
    const double frequency = 1.0 / std::pow(theta, exponent);
    frequencies.push_back(
        static_cast<float>(scale_frequency(frequency, scaling, where)));
  }
  inverse_frequency_d2_ = at::tensor(frequencies, at::kFloat);
}

RopeAngles Rope::angles(const Tensor& positions_S) const {
  const Tensor frequency = inverse_frequency_d2_.to(positions_S.device());
  const Tensor angle_Sd2 = positions_S.to(at::kFloat).unsqueeze(-1) * frequency;
  return {angle_Sd2.cos(), angle_Sd2.sin()};
}

}  // namespace lineas
