// AurA: dampens neurons by how well their largest response to a prompt detects
// the source.
// Source: Suau et al. 2024 (Whispering Experts, ICML), equation 4;
// docs/math.md, section 12.
#include "lineas/learn/layerwise.h"
#include "lineas/ot/auroc.h"

namespace lineas {
namespace {

struct AuraOptions : LayerwiseOptions {
  AuraOptions() {
    pool = "max";
    at_once = true;
  }
};

SiteFit fit_aura(const Tensor& source_ND, const Tensor& target_MD) {
  const Tensor scale_D = aura_scale(auroc(source_ND, target_MD));
  return {to_map({scale_D, at::zeros_like(scale_D)})};
}

LayerwiseMethod aura(const AuraOptions&) {
  return {.name = "aura",
          .traits = {.least_prompts = 2, .only_dampens = true},
          .fit = fit_aura};
}

}  // namespace

Method method_aura() {
  return layerwise_method<AuraOptions, aura>();
}

}  // namespace lineas
