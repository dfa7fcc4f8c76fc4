#include "lineas/learn/allowed_length.h"

#include <algorithm>
#include <cmath>

namespace lineas {
namespace {

constexpr int kCorrections = 3;
constexpr double kLeastLength = 0.1, kMostLength = 4;

// Where matching, about a parabola through what it is at 0, 1 and 2, is least.
double bottom(const WayOut& way, double untouched) {
  way.go(1);
  const double at_one = way.matching();
  way.go(2);
  const double bend = (way.matching() - 2 * at_one + untouched) / 2;
  const double slope = at_one - untouched - bend;
  return bend > 0 ? std::clamp(-slope / (2 * bend), 1.0, kMostLength)
                  : kMostLength;
}

}  // namespace

double go_as_far_as_allowed(const WayOut& way,
                            double untouched,
                            double most_departure) {
  const double most = bottom(way, untouched);
  double length = 1;
  way.go(length);
  for (int i = 0; i < kCorrections; ++i) {
    // The departure grows about as the square of the length.
    const double further = std::sqrt(most_departure / way.departure());
    if (!std::isfinite(further)) break;
    length = std::clamp(length * further, kLeastLength, most);
    way.go(length);
  }
  return length;
}

}  // namespace lineas
