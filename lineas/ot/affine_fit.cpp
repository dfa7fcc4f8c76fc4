#include "lineas/ot/affine_fit.h"

#include "lineas/ot/moments.h"
#include "lineas/ot/quantile.h"

namespace lineas {
namespace {

// The line of that slope through the two means.
AffineFit through_means(const Tensor& scale_D,
                        const Tensor& source_mean_D,
                        const Tensor& target_mean_D) {
  return {scale_D, target_mean_D - scale_D * source_mean_D};
}

// Where the published program fits nothing.
Tensor is_left_alone(const Moments& source, const Moments& target) {
  return (source.deviation_D <= kLeastDeviation)
      .logical_or(target.deviation_D <= kLeastDeviation);
}

// A deviation of either side that is rounding says nothing.
Tensor is_flat_on_a_side(const Moments& source, const Moments& target) {
  return is_flat(source, target).logical_or(is_flat(target, target));
}

AffineFit keep_identity(const AffineFit& fit, const Tensor& where_D) {
  return {fit.scale_D.masked_fill(where_D, 1),
          fit.shift_D.masked_fill(where_D, 0)};
}

}  // namespace

AffineFit fit_shift(const Tensor& source_ND, const Tensor& target_MD) {
  const Tensor shift_D = moments(target_MD).mean_D - moments(source_ND).mean_D;
  return {at::ones_like(shift_D), shift_D};
}

AffineFit fit_mean(const Tensor& source_ND, const Tensor& target_MD) {
  const AffineFit fit = fit_shift(source_ND, target_MD);
  if (source_ND.size(0) < 2 || target_MD.size(0) < 2) return fit;
  return keep_identity(fit,
                       is_left_alone(moments(source_ND), moments(target_MD)));
}

AffineFit fit_gaussian(const Tensor& source_ND, const Tensor& target_MD) {
  const Moments source = moments(source_ND), target = moments(target_MD);
  const Tensor scale_D = (target.deviation_D / source.deviation_D)
                             .masked_fill(is_flat_on_a_side(source, target), 1);
  return keep_identity(through_means(scale_D, source.mean_D, target.mean_D),
                       is_left_alone(source, target));
}

AffineFit fit_line(const Tensor& source_ND, const Tensor& target_MD) {
  const auto sorted = [](const Tensor& x_DN) {
    return std::get<0>(x_DN.sort(-1));
  };
  const Tensor x_DN = sorted(source_ND.to(at::kDouble).t().contiguous());
  const Tensor y_DN =
      couple(target_MD.to(at::kDouble), source_ND.size(0)).value_DN;
  const Tensor x_mean_D = x_DN.mean(1), y_mean_D = y_DN.mean(1);
  const Tensor x_centred_DN = x_DN - x_mean_D.unsqueeze(1);
  const Tensor y_centred_DN = y_DN - y_mean_D.unsqueeze(1);
  const Tensor slope_D = (x_centred_DN * y_centred_DN).sum(1) /
                         (x_centred_DN * x_centred_DN).sum(1);
  // A target that does not vary is met by slope 0.
  const Tensor flat_D = is_flat(moments(source_ND), moments(target_MD));
  return through_means(slope_D.masked_fill(flat_D, 1), x_mean_D, y_mean_D);
}

}  // namespace lineas
