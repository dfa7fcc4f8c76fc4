// Det-0: silences the neurons that detect the source. A neuron detects it when
// its largest response of a prompt has an AUROC above 1/2; `--experts N` keeps
// the N strongest detectors of all mapped sites together (the papers rank over
// the whole model), 0 all of them.
// Source: Suau et al. 2024 (Whispering Experts, ICML), section 3.1, Det_zero;
// Suau et al. 2022 (Self-conditioning Pre-trained Language Models, ICML).
#include "lineas/learn/layerwise.h"
#include "lineas/ot/auroc.h"

namespace lineas {
namespace {

struct Det0Options : LayerwiseOptions {
  Det0Options() {
    pool = "max";
    at_once = true;
  }
  int64_t experts = 0;

  template <typename Self, typename Visitor>
  static void visit_own(Self& options, Visitor&& visit) {
    visit(
        "experts",
        options.experts,
        "the N neurons of all sites that detect the source best are silenced; "
        "0: all with an AUROC above 1/2");
  }
};

// The score is the AUROC, 0 for a neuron that is no detector.
SiteFit fit_det_0(const Tensor& source_ND, const Tensor& target_MD) {
  const Tensor auroc_D = auroc(source_ND, target_MD);
  const Tensor detects_D = auroc_D > 0.5;
  return {to_map({detects_D.logical_not().to(at::kDouble),
                  at::zeros_like(auroc_D)}),
          auroc_D * detects_D};
}

// Neurons beyond the N best get the identity back. Of equal ones, those of
// earlier sites stay.
void keep_strongest(std::vector<SiteFit>& fits, int64_t count) {
  std::vector<Tensor> scores;
  for (const SiteFit& fit : fits) scores.push_back(fit.score);
  const Tensor all = at::cat(scores);
  if (count >= all.size(0)) return;
  const Tensor order =
      std::get<1>(all.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  Tensor is_kept = at::zeros({all.size(0)}, at::kBool);
  is_kept.index_fill_(0, order.narrow(0, 0, count), true);
  int64_t begin = 0;
  for (SiteFit& fit : fits) {
    const int64_t width = fit.map.width();
    fit.map.scale_D.masked_fill_(is_kept.narrow(0, begin, width).logical_not(),
                                 1);
    begin += width;
  }
}

LayerwiseMethod det_0(const Det0Options& options) {
  if (options.experts < 0)
    fail(ErrorKind::usage, "--experts {}: 0 or more", options.experts);
  LayerwiseMethod method{.name = "det-0",
                         .traits = {.least_prompts = 2, .only_dampens = true},
                         .fit = fit_det_0};
  if (options.experts == 0) return method;
  method.choosing_option = "experts";
  method.choose = [count = options.experts](std::vector<SiteFit>& fits, Json&) {
    keep_strongest(fits, count);
  };
  return method;
}

}  // namespace

Method method_det_0() {
  return layerwise_method<Det0Options, det_0>();
}

}  // namespace lineas
