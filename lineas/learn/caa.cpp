// Contrastive activation addition: the difference of the mean responses at the
// last token of every prompt, added to every token. The paper adds it behind
// the prompt only (`--tokens generated`) and at one layer (`--sites`).
// Source: Rimsky et al. 2024 (Steering Llama 2 via Contrastive Activation
// Addition, ACL), section 2.
#include "lineas/learn/layerwise.h"

namespace lineas {
namespace {

struct CaaOptions : LayerwiseOptions {
  CaaOptions() {
    pool = "last";
    at_once = true;
  }
};

LayerwiseMethod caa(const CaaOptions&) {
  return {.name = "caa", .fit = closed_form(fit_shift)};
}

}  // namespace

Method method_caa() {
  return layerwise_method<CaaOptions, caa>();
}

}  // namespace lineas
