#include "lineas/ot/support.h"

#include <algorithm>
#include <cmath>

namespace lineas {
namespace {

Tensor percentile(const Tensor& sorted_ND, double percent) {
  const int64_t last = sorted_ND.size(0) - 1;
  const double place = percent / 100 * static_cast<double>(last);
  const auto below = static_cast<int64_t>(std::floor(place));
  const int64_t above = std::min(below + 1, last);
  return at::lerp(sorted_ND.select(0, below),
                  sorted_ND.select(0, above),
                  place - static_cast<double>(below));
}

}  // namespace

QuantileRange quantile_range(const Tensor& source_ND, double low, double high) {
  const Tensor sorted_ND = std::get<0>(source_ND.to(at::kDouble).sort(0));
  return {percentile(sorted_ND, low), percentile(sorted_ND, high)};
}

}  // namespace lineas
