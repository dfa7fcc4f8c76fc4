// What a denoiser's output means, the clean latents that follow from it, and
// how those are kept in bounds.
#pragma once

#include <initializer_list>

#include "lineas/schedulers/scheduler_config.h"
#include "lineas/tensor/tensor.h"

namespace lineas {

enum class Prediction { epsilon, sample, v };

/// "prediction_type", one of `known`; throws unsupported for others.
Prediction read_prediction(const SchedulerConfig& config,
                           std::initializer_list<const char*> known);

/// The latents are signal * clean + noise * epsilon.
struct Share {
  double signal, noise;
};
/// Of a product of alphas: the roots of it and of what it leaves.
Share share_of_alpha(double alpha_cumprod);
/// Of a noise level.
Share share_of_sigma(double sigma);

/// The clean latents, and the noise in `x`, by the output.
Tensor clean_of(Prediction prediction,
                const Tensor& output,
                const Tensor& x,
                Share share);
Tensor epsilon_of(Prediction prediction,
                  const Tensor& output,
                  const Tensor& x,
                  Share share);
/// The clean latents where x = clean + sigma * epsilon (Euler).
Tensor clean_of_sigma(Prediction prediction,
                      const Tensor& output,
                      const Tensor& x,
                      double sigma);

/// Throws numeric where nothing of the picture is left at a visited timestep
/// and the prediction divides by that.
void check_signal(const SchedulerConfig& config,
                  Prediction prediction,
                  double alpha_cumprod);

/// Bounds of clean latents: none, a clamp, or dynamic thresholding (Saharia
/// and others, arXiv 2205.11487, section 2.3).
struct Bounds {
  bool thresholds = false;
  double ratio = 0;
  double most = 0;
  bool clamps = false;
  double range = 0;

  Tensor operator()(const Tensor& clean) const;
};
Bounds read_bounds(const SchedulerConfig& config);

}  // namespace lineas
