// Linear-AcT: per neuron, the least-squares line through the optimally coupled
// source and target responses (fit_line); incremental, so that every site is
// fitted on what the maps before it leave.
// Source: Rodriguez et al. 2025 (AcT, ICLR), section 3: linear map and causal
// estimation; docs/math.md, section 10; shrunk by its sampling error (a
// deviation of ours, --shrink none).
#include "lineas/learn/layerwise.h"

namespace lineas {
namespace {

struct LinearActOptions : SlopeOptions {};

LayerwiseMethod linear_act(const LinearActOptions& options) {
  return {.name = "linear-act",
          .traits = {.least_prompts = 2},
          .fit = shrunk_form(fit_line, options)};
}

}  // namespace

Method method_linear_act() {
  return layerwise_method<LinearActOptions, linear_act>();
}

}  // namespace lineas
