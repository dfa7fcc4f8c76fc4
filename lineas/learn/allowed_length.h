// How far maps should go along the way that steps have found: until what they
// change of the text is as much as is allowed, and no further than matching
// gains. Knows neither maps nor models.
#pragma once

#include <functional>

namespace lineas {

/// What is seen from a point of the way; 0 is the identity, 1 where the steps
/// ended.
struct WayOut {
  std::function<void(double length)> go;
  std::function<double()> matching;   // the loss, here
  std::function<double()> departure;  // of what is kept, here
};

/// Goes there, and answers how far that is: 0.1 to 4. `untouched`: the matching
/// at 0. Source: docs/math.md, section 6.
double go_as_far_as_allowed(const WayOut& way,
                            double untouched,
                            double most_departure);

}  // namespace lineas
