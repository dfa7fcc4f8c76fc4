#include "lineas/nn/timestep.h"

#include <cmath>

namespace lineas {

Tensor timestep_sinusoids(const Tensor& t_B,
                          int64_t width,
                          const SinusoidOptions& options) {
  constexpr double kLongestPeriod = 10000;
  const int64_t half = width / 2;
  const Tensor steps = at::arange(half, t_B.options().dtype(at::kFloat));
  const Tensor exponents = -std::log(kLongestPeriod) * steps /
                           (static_cast<double>(half) - options.freq_shift);
  const Tensor angles = at::outer(t_B.to(at::kFloat), exponents.exp());
  const Tensor cos = angles.cos(), sin = angles.sin();
  const Tensor both =
      options.cos_first ? at::cat({cos, sin}, 1) : at::cat({sin, cos}, 1);
  return width % 2 == 0 ? both : at::constant_pad_nd(both, {0, 1});
}

}  // namespace lineas
