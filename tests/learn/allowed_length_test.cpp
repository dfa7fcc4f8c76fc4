// The end of the way, on ways whose matching and departure are known.
#include "lineas/learn/allowed_length.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lineas {
namespace {

constexpr double kUntouched = 3;

// Matching is least at `bottom`; the departure is departure_at_one times a
// power of the length.
double found(double bottom,
             double departure_at_one,
             double power = 2,
             double most_departure = 0.04) {
  double at = 1;
  const WayOut way{
      .go = [&](double length) { at = length; },
      .matching =
          [&] {
            return kUntouched * std::pow(at - bottom, 2) / (bottom * bottom);
          },
      .departure = [&] { return departure_at_one * std::pow(at, power); }};
  const double length = go_as_far_as_allowed(way, kUntouched, most_departure);
  EXPECT_EQ(at, length) << "it is there";
  return length;
}

TEST(AllowedLength, IsWhereTheDepartureIsWhatIsAllowed) {
  EXPECT_NEAR(found(3.9, 0.01), 2, 1e-9);
  EXPECT_NEAR(found(3.9, 0.16), 0.5, 1e-9) << "back, too";
  EXPECT_NEAR(found(3.9, 0.01, 2.5), std::pow(4, 1 / 2.5), 0.05);
}

TEST(AllowedLength, IsNotBeyondWhereMatchingIsLeast) {
  EXPECT_NEAR(found(1.5, 0.01), 1.5, 1e-9);
  EXPECT_NEAR(found(0.6, 0.01), 1, 1e-9) << "steps knew what they did";
}

TEST(AllowedLength, HasBoundsWhereNothingStopsIt) {
  EXPECT_EQ(found(100, 1e-9), 4);
  EXPECT_EQ(found(100, 0), 1) << "nothing to go by";
  EXPECT_NEAR(found(3.9, 1e9), 0.1, 1e-9);
}

}  // namespace
}  // namespace lineas
