#include "lineas/learn/site_samples.h"

#include "lineas/ot/moments.h"
#include "lineas/ot/quantile.h"

namespace lineas {
namespace {

// The responses as the map moves them, inside its support where it has one.
Tensor moved(const Tensor& x_ND, const AffineMap& map) {
  const Tensor mapped_ND = x_ND * map.scale_D + map.shift_D;
  if (!map.support) return mapped_ND;
  const Tensor is_inside =
      (x_ND > map.support->low_D).logical_and(x_ND < map.support->high_D);
  return at::where(is_inside, mapped_ND, x_ND);
}

}  // namespace

SiteSamples::SiteSamples(const Tensor& source, const Tensor& target)
    : source_ND(source.to(at::kCPU, at::kDouble)),
      target_MD(target.to(at::kCPU, at::kDouble)),
      rounding_D(rounding(source_ND)) {}

double SiteSamples::distance(const AffineMap& map) const {
  const int64_t n = source_ND.size(0);
  const Tensor loss_D =
      transport_loss(moved(source_ND, map), couple(target_MD, n)).loss_D;
  const Tensor none_D = loss_D <= rounding_D.square() * n;
  return loss_D.masked_fill(none_D, 0).mean().item<double>();
}

AffineMap SiteSamples::without_rounding(const AffineMap& map) const {
  const Tensor step_ND = source_ND * (map.scale_D - 1) + map.shift_D;
  const Tensor still_D = step_ND.abs().amax(0) <= rounding_D;
  return {map.scale_D.masked_fill(still_D, 1),
          map.shift_D.masked_fill(still_D, 0),
          map.support};
}

}  // namespace lineas
