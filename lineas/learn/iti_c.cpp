// ITI by a linear classifier: at every site a probe tells source from target;
// the map shifts along the probe's direction by the deviation of the responses
// along it. `--top-sites K` keeps the K sites whose probes are most accurate on
// prompts they did not see.
// Source: Li et al. 2023 (Inference-Time Intervention, NeurIPS), section 3: the
// probe weight direction, equation 2; here for any site, not for heads.
#include <algorithm>
#include <numeric>

#include "lineas/learn/layerwise.h"
#include "lineas/ot/probe.h"

namespace lineas {
namespace {

// Log-odds that differ by less tell nothing apart.
constexpr double kLeastOdds = 1e-3;

struct ItiOptions : LayerwiseOptions {
  ItiOptions() {
    pool = "last";
    at_once = true;
  }
  int64_t top_sites = 0;
  int64_t folds = 5;

  template <typename Self, typename Visitor>
  static void visit_own(Self& options, Visitor&& visit) {
    visit("top-sites",
          options.top_sites,
          "the K sites whose probes are most accurate get a map; 0: all");
    visit("folds",
          options.folds,
          "parts of the cross-validation that measures the probes; at most the "
          "prompts of a side");
  }
};

// Both sides, centred and of unit size, so that the probe's penalty means the
// same at every site; `size` is what they were divided by, 0 where they are all
// alike.
struct Standardised {
  Tensor x_ND, is_target_N;
  double size = 0;
};

Standardised standardise(const Tensor& source_ND, const Tensor& target_MD) {
  const Tensor all_ND = at::cat({source_ND, target_MD});
  const Tensor centred_ND = all_ND - all_ND.mean(0);
  const double size = centred_ND.square().mean().sqrt().item<double>();
  const double largest = all_ND.abs().max().item<double>();
  Tensor is_target_N = at::ones({all_ND.size(0)}, at::kBool);
  is_target_N.narrow(0, 0, source_ND.size(0)).fill_(false);
  if (!(size > 1e-6 * largest)) return {centred_ND, is_target_N, 0};
  return {centred_ND / size, is_target_N, size};
}

SiteFit fit_iti(const Tensor& source_ND,
                const Tensor& target_MD,
                const ItiOptions& options) {
  const Standardised all = standardise(source_ND, target_MD);
  const Tensor none_D = at::zeros({source_ND.size(1)}, at::kDouble);
  const SiteFit nothing{to_map({at::ones_like(none_D), none_D}),
                        at::full({1}, 0.5, at::kDouble)};
  if (all.size == 0) return nothing;
  const Probe probe = fit_probe(all.x_ND, all.is_target_N);
  const Tensor along_N = all.x_ND.matmul(probe.weight_D);
  if (along_N.abs().max().item<double>() < kLeastOdds) return nothing;
  const int64_t folds =
      std::min({options.folds, source_ND.size(0), target_MD.size(0)});
  const double accuracy =
      cross_validated_accuracy(all.x_ND, all.is_target_N, folds, options.seed);
  // The deviation is that of x along the unit direction, in its own units.
  const Tensor norm = probe.weight_D.norm();
  const Tensor shift_D =
      probe.weight_D / norm * (along_N.std() / norm) * all.size;
  return {to_map({at::ones_like(shift_D), shift_D}),
          at::full({1}, accuracy, at::kDouble)};
}

void keep_most_accurate(std::vector<SiteFit>& fits, int64_t count) {
  std::vector<size_t> order(fits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&fits](size_t a, size_t b) {
    return fits[a].score.item<double>() > fits[b].score.item<double>();
  });
  for (size_t rank = count; rank < order.size(); ++rank)
    fits[order[rank]].map.shift_D.zero_();
}

LayerwiseMethod iti_c(const ItiOptions& options) {
  if (options.top_sites < 0)
    fail(ErrorKind::usage, "--top-sites {}: 0 or more", options.top_sites);
  if (options.folds < 2)
    fail(ErrorKind::usage, "--folds {}: 2 or more", options.folds);
  LayerwiseMethod method{.name = "iti-c", .traits = {.least_prompts = 2}};
  method.fit = [options](const Tensor& source_ND, const Tensor& target_MD) {
    return fit_iti(source_ND, target_MD, options);
  };
  method.choose = [count = options.top_sites](std::vector<SiteFit>& fits,
                                              Json& provenance) {
    Json accuracies = Json::array();
    for (const SiteFit& fit : fits)
      accuracies.push_back(fit.score.item<double>());
    provenance["probe_accuracy"] = accuracies;
    if (count > 0) keep_most_accurate(fits, count);
  };
  if (options.top_sites > 0) method.choosing_option = "top-sites";
  return method;
}

}  // namespace

Method method_iti_c() {
  return layerwise_method<ItiOptions, iti_c>();
}

}  // namespace lineas
