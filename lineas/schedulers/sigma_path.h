// What the two Euler methods share: latents are clean + sigma * epsilon.
#pragma once

#include <vector>

#include "lineas/schedulers/scheduler_config.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

/// The scale of the start, by the largest visited level and the spacing.
double euler_start(const SchedulerConfig& config,
                   const std::vector<double>& sigmas);

/// x / sqrt(sigma^2 + 1): what the denoiser was trained on.
Tensor scale_by_sigma(const Tensor& x, double sigma);

}  // namespace lineas
