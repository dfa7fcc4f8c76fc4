#include "lineas/learn/warm_start.h"

#include "lineas/learn/frontier.h"
#include "lineas/learn/site_samples.h"
#include "lineas/ot/affine_fit.h"

namespace lineas {

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
       .micro_batch = options.micro_batch},
      [&](size_t at, const Tensor& source_ND, const Tensor& target_MD) {
        const SiteSamples samples(source_ND, target_MD);
        const AffineFit fit = fit_line(samples.source_ND, samples.target_MD);
        const AffineMap map =
            samples.without_rounding({.scale_D = fit.scale_D.to(at::kFloat),
                                      .shift_D = fit.shift_D.to(at::kFloat)});
        const int64_t place = parameters.place_of(sites[at]);
        source[place] = source_ND;
        parameters.scale_D(place).detach().copy_(map.scale_D);
        parameters.shift_D(place).detach().copy_(map.shift_D);
        return map;
      });
  return Whitening(source, parameters);
}

}  // namespace lineas
