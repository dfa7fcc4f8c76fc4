#include "lineas/ot/shrinkage.h"

#include <algorithm>
#include <cmath>

#include "lineas/ot/moments.h"

namespace lineas {
namespace {

constexpr double kMedianOfNoise = 0.4549364;  // of chi squared, one degree
constexpr double kLeastSlope = 0.5, kMostSlope = 2;
// A map acts on tokens, whose deviation is about 3 times that of the means of
// prompts that slopes are fitted to: what is known of their slope is the
// smaller by the ratio of the variances.
constexpr double kTokenShare = 1. / 9;

// The share of `value_D` that is more than noise of these standard errors; a
// neuron without an error says nothing.
double share_of_signal(const Tensor& value_D, const Tensor& error_D) {
  const Tensor counts_D = (error_D > 0).logical_and(value_D != 0);
  if (!counts_D.any().item<bool>()) return 1;
  const Tensor t_D =
      value_D.masked_select(counts_D) / error_D.masked_select(counts_D);
  const double median = t_D.square().median().item<double>();
  return std::max(0.0, 1 - kMedianOfNoise / std::max(median, 1e-30));
}

}  // namespace

AffineFit shrink(const AffineFit& fit,
                 const Tensor& source_ND,
                 const Tensor& target_MD) {
  const auto n = static_cast<double>(source_ND.size(0));
  const auto m = static_cast<double>(target_MD.size(0));
  if (n < 2 || m < 2) return fit;
  const Moments source = moments(source_ND), target = moments(target_MD);
  const Tensor excess_D = fit.scale_D - 1;
  const Tensor slide_D = fit.shift_D + excess_D * source.mean_D;
  const Tensor slide_error_D =
      (source.deviation_D.square() / n + target.deviation_D.square() / m)
          .sqrt();
  // Of a ratio of two deviations near 1, for normal samples.
  const Tensor turn_error_D =
      at::full_like(excess_D, std::sqrt(0.5 / (n - 1) + 0.5 / (m - 1)));
  const Tensor scale_D =
      (1 + excess_D * (kTokenShare * share_of_signal(excess_D, turn_error_D)))
          .clamp(kLeastSlope, kMostSlope);
  const Tensor moved_D = slide_D * share_of_signal(slide_D, slide_error_D);
  return {scale_D, moved_D - (scale_D - 1) * source.mean_D};
}

}  // namespace lineas
