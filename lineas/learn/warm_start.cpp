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

// Sets the maps of these places; answers the responses on the way.
std::vector<Tensor> fit_maps(const Problem& problem,
                             const std::vector<size_t>& numbers,
                             const ResponseOptions& options,
                             AffineParameters& parameters) {
  Problem reached = problem;
  reached.map_places.clear();
  for (const size_t number : numbers)
    reached.map_places.push_back(problem.map_places[number]);
  std::vector<Tensor> source(problem.map_places.size());
  fit_at_frontier(
      reached,
      {.response = options, .map_target = false},
      [&](size_t at, const Tensor& source_ND, const Tensor& target_MD) {
        const SiteSamples samples(source_ND, target_MD);
        const AffineFit fit = fit_line(samples.source_ND, samples.target_MD);
        const AffineMap map = with_cautious_slope(
            samples.without_rounding({.scale_D = fit.scale_D.to(at::kFloat),
                                      .shift_D = fit.shift_D.to(at::kFloat)}),
            samples.source_ND);
        const size_t number = numbers[at];
        source[number] = source_ND;
        parameters.scale_D(number).detach().copy_(map.scale_D);
        parameters.shift_D(number).detach().copy_(map.shift_D);
        return map;
      });
  return source;
}

}  // namespace

WarmStart warm_start(const Problem& problem,
                     MapLoss& loss,
                     AffineParameters& parameters,
                     double loss_now) {
  const c10::NoGradGuard no_gradients;
  const Tensor before_P = parameters.values().clone();
  const std::vector<Tensor> source =
      fit_maps(problem, loss.reached(), loss.options().response, parameters);
  WarmStart start{.whitening = Whitening(source, parameters, kTurnPace),
                  .values_P = before_P,
                  .loss = loss_now};
  const Tensor response_NW = loss.respond_without_graph(problem.source_rows);
  const double found = loss.compare(response_NW, 0).loss;
  if (found < loss_now) {
    start.values_P = parameters.values().clone();
    start.loss = found;
    start.is_met = loss.is_met_by(response_NW);
  }
  parameters.values().copy_(start.values_P);
  return start;
}

}  // namespace lineas
