// AurA: dampens neurons by how well they detect the source: by their AUROC with
// the largest response of a prompt, scale = 1 - 2 (AUROC - 1/2) where that is
// above 1/2.
// Source: Suau et al. 2024 (Whispering Experts, ICML), equation 4;
// docs/math.md.
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
  const Tensor excess_D = (auroc(source_ND, target_MD) - 0.5).clamp_min(0);
  return {to_map({1 - 2 * excess_D, at::zeros_like(excess_D)})};
}

LayerwiseMethod aura(const AuraOptions&) {
  return {.name = "aura", .least_prompts = 2, .fit = fit_aura};
}

}  // namespace

Method method_aura() {
  return layerwise_method<AuraOptions, aura>();
}

}  // namespace lineas
