// Distances of one site, and what counts as rounding.
#include "lineas/learn/site_samples.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

Tensor column(std::initializer_list<double> values) {
  const auto count = static_cast<int64_t>(values.size());
  return at::tensor(values, at::kDouble).view({count, 1});
}

AffineMap map_of(double scale, double shift) {
  return {at::full({1}, scale), at::full({1}, shift)};
}

TEST(SiteSamples, DistanceIsThatOfTheMappedSource) {
  const SiteSamples samples(column({1, 2}), column({5, 3}));
  EXPECT_DOUBLE_EQ(samples.distance(map_of(1, 0)), 4 + 9);
  EXPECT_DOUBLE_EQ(samples.distance(map_of(1, 2)), 0 + 1);
  EXPECT_DOUBLE_EQ(samples.distance(map_of(2, 1)), 0);
}

TEST(SiteSamples, AMapActsInsideItsSupport) {
  const SiteSamples samples(column({1, 2}), column({5, 3}));
  AffineMap map = map_of(1, 2);
  map.support = {at::full({1}, 1.0), at::full({1}, 3.0)};
  EXPECT_DOUBLE_EQ(samples.distance(map), 4 + 1);  // 1 is not inside: strict
}

TEST(SiteSamples, RoundingIsNoDistanceAndNoMap) {
  const SiteSamples samples(column({100, 200}), column({100 + 1e-5, 200}));
  EXPECT_EQ(samples.distance(map_of(1, 0)), 0);
  const AffineMap still = samples.without_rounding(map_of(1 + 5e-7, 0));
  EXPECT_EQ(still.scale_D.item<float>(), 1);
  const AffineMap moving = samples.without_rounding(map_of(1, 0.01));
  EXPECT_FLOAT_EQ(moving.shift_D.item<float>(), 0.01f);
}

// Of a neuron whose own responses are small because larger ones cancelled.
TEST(SiteSamples, RoundingIsThatOfTheSite) {
  const Tensor source = at::cat({column({1e-9, 2e-9}), column({100, 100})}, 1);
  const Tensor target = at::cat({column({3e-7, 3e-7}), column({100, 100})}, 1);
  EXPECT_EQ(SiteSamples(source, target).distance(AffineMap::identity(2)), 0);
}

}  // namespace
}  // namespace lineas
