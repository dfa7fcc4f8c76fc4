#include "lineas/learn/warm_start.h"

#include "lineas/learn/frontier.h"
#include "lineas/learn/site_samples.h"
#include "lineas/ot/affine_fit.h"

namespace lineas {
namespace {

// A slope fitted to a few dozen prompts is mostly theirs alone: descents that
// begin at a smaller part of it, and change it less readily than the shift, end
// at maps that match other prompts better (docs/results, experiment 6).
constexpr double kSlopeShare = 0.5;
constexpr double kTurnPace = 0.6;

// Part of the way from slope 1 to the fitted one, the same mean as before.
AffineMap with_cautious_slope(const AffineMap& map, const Tensor& source_ND) {
  const Tensor mean_D = source_ND.mean(0).to(map.scale_D);
  const Tensor scale_D = 1 + (map.scale_D - 1) * kSlopeShare;
  return {.scale_D = scale_D,
          .shift_D = map.shift_D + (map.scale_D - scale_D) * mean_D};
}

}  // namespace

Whitening warm_start(const Problem& problem,
                     const std::vector<SiteIndex>& sites,
                     const WarmStartOptions& options,
                     AffineParameters& parameters) {
  Problem reached = problem;
  reached.map_sites = sites;
  std::vector<Tensor> source(problem.map_sites.size());
  fit_at_frontier(
      reached,
      {.pooling = options.pooling,
       .position = options.position,
       .map_target = false,
       .micro_batch = options.micro_batch,
       .is_cancelled = options.is_cancelled},
      [&](size_t at, const Tensor& source_ND, const Tensor& target_MD) {
        const SiteSamples samples(source_ND, target_MD);
        const AffineFit fit = fit_line(samples.source_ND, samples.target_MD);
        const AffineMap map = with_cautious_slope(
            samples.without_rounding({.scale_D = fit.scale_D.to(at::kFloat),
                                      .shift_D = fit.shift_D.to(at::kFloat)}),
            samples.source_ND);
        const int64_t place = parameters.place_of(sites[at]);
        source[place] = source_ND;
        parameters.scale_D(place).detach().copy_(map.scale_D);
        parameters.shift_D(place).detach().copy_(map.shift_D);
        return map;
      });
  return Whitening(source, parameters, kTurnPace);
}

}  // namespace lineas
