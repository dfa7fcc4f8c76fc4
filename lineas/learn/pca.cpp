// The direction in which paired responses differ most: the first principal
// component of the differences target i - source i at the last token, as a
// shift of the length that the mean difference has along it (which also gives
// its sign). Of unequal lists, the first of the longer are paired.
// Source: Zou et al. 2023 (Representation Engineering, arXiv 2310.01405),
// section 3.1 (LAT), whose pairs are of random order: the component is taken
// about the origin.
#include <algorithm>

#include "lineas/learn/layerwise.h"
#include "lineas/ot/principal.h"

namespace lineas {
namespace {

struct PcaOptions : LayerwiseOptions {
  PcaOptions() {
    pool = "last";
    at_once = true;
  }
};

SiteFit fit_pca(const Tensor& source_ND, const Tensor& target_MD) {
  const int64_t pairs = std::min(source_ND.size(0), target_MD.size(0));
  const Tensor direction_D = principal_direction(target_MD.narrow(0, 0, pairs) -
                                                 source_ND.narrow(0, 0, pairs));
  const Tensor difference_D = target_MD.mean(0) - source_ND.mean(0);
  const Tensor shift_D = direction_D * direction_D.dot(difference_D);
  return {to_map({at::ones_like(shift_D), shift_D})};
}

LayerwiseMethod pca(const PcaOptions&) {
  return {.name = "pca", .traits = {.least_prompts = 2}, .fit = fit_pca};
}

}  // namespace

Method method_pca() {
  return layerwise_method<PcaOptions, pca>();
}

}  // namespace lineas
