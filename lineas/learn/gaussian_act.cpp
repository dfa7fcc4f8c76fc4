// Gaussian-AcT: per neuron, the map between the two Gaussians of equal mean and
// deviation (fit_gaussian); incremental.
// Source: Rodriguez et al. 2025 (AcT, ICLR), section 3; docs/math.md,
// section 10.
#include "lineas/learn/layerwise.h"

namespace lineas {
namespace {

struct GaussianActOptions : LayerwiseOptions {};

LayerwiseMethod gaussian_act(const GaussianActOptions&) {
  return {.name = "gaussian-act",
          .traits = {.least_prompts = 2, .leaves_constant_targets = true},
          .fit = closed_form(fit_gaussian)};
}

}  // namespace

Method method_gaussian_act() {
  return layerwise_method<GaussianActOptions, gaussian_act>();
}

}  // namespace lineas
