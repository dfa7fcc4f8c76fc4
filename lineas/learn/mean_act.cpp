// Mean-AcT: per neuron, the shift from the source's mean to the target's
// (fit_mean); incremental.
// Source: Rodriguez et al. 2025 (AcT, ICLR), section 3, the map of equal
// spreads; docs/math.md, section 10.
#include "lineas/learn/layerwise.h"

namespace lineas {
namespace {

struct MeanActOptions : LayerwiseOptions {};

LayerwiseMethod mean_act(const MeanActOptions&) {
  return {.name = "mean-act",
          .traits = {.leaves_constant_targets = true},
          .fit = closed_form(fit_mean)};
}

}  // namespace

Method method_mean_act() {
  return layerwise_method<MeanActOptions, mean_act>();
}

}  // namespace lineas
