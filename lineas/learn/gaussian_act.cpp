// Gaussian-AcT: per neuron, the map between the two Gaussians of equal mean and
// deviation (fit_gaussian); incremental.
// Source: Rodriguez et al. 2025 (AcT, ICLR), section 3; docs/math.md,
// section 10; shrunk by its sampling error (a
// deviation of ours, --shrink none).
#include "lineas/learn/layerwise.h"

namespace lineas {
namespace {

struct GaussianActOptions : SlopeOptions {};

LayerwiseMethod gaussian_act(const GaussianActOptions& options) {
  return {.name = "gaussian-act",
          .traits = {.least_prompts = 2, .leaves_constant_targets = true},
          .fit = shrunk_form(fit_gaussian, options)};
}

}  // namespace

Method method_gaussian_act() {
  return layerwise_method<GaussianActOptions, gaussian_act>();
}

}  // namespace lineas
