#include "lineas/schedulers/sigma_path.h"

#include <algorithm>
#include <cmath>

namespace lineas {

double euler_start(const SchedulerConfig& config,
                   const std::vector<double>& sigmas) {
  const double most = *std::max_element(sigmas.begin(), sigmas.end());
  const bool is_leading = config.text("timestep_spacing") == "leading";
  return is_leading ? std::sqrt(most * most + 1) : most;
}

Tensor scale_by_sigma(const Tensor& x, double sigma) {
  return x / std::sqrt(sigma * sigma + 1);
}

}  // namespace lineas
