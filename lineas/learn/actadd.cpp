// Activation addition: the response to one prompt minus that to another. The
// paper lines the two up and adds their difference token by token at the front
// of a prompt; a map has one shift for all tokens, so it takes the differences'
// mean over the tokens. Of several prompts a side, the mean.
// Source: Turner et al. 2023 (Activation Addition, arXiv 2308.10248), algorithm
// 1.
#include "lineas/learn/layerwise.h"

namespace lineas {
namespace {

struct ActaddOptions : LayerwiseOptions {
  ActaddOptions() { at_once = true; }
};

LayerwiseMethod actadd(const ActaddOptions&) {
  return {.name = "actadd", .fit = closed_form(fit_shift)};
}

}  // namespace

Method method_actadd() {
  return layerwise_method<ActaddOptions, actadd>();
}

}  // namespace lineas
