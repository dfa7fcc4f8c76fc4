// Sets held against a model: steps and weights (sites: steer_tap_test.cpp).
#include <gtest/gtest.h>

#include "lineas/maps/map_set.h"
#include "tests/support/errors.h"

namespace lineas {
namespace {

using testing::expect_error;

// What check_fits says of a set for a model of two sites.
std::vector<std::string> warnings_of(const MapSet& set, int steps) {
  SiteTable sites;
  sites.add("a", 3);
  sites.add("b", 4);
  const testing::LogCapture log;
  check_fits(
      set,
      {.sites = sites, .steps = steps, .name = "HOST", .fingerprint = "f1"},
      "MAP");
  return log.messages;
}

TEST(MapHost, IsHeldAgainstStepsAndWeights) {
  MapSet set;
  set.maps.add({"a", 0}, AffineMap::identity(3));
  set.maps.add({"b", 5}, AffineMap::identity(4));
  EXPECT_TRUE(warnings_of(set, 6).empty());
  const auto some = warnings_of(set, 5);
  ASSERT_EQ(some.size(), 1u);
  EXPECT_EQ(some[0],
            "MAP: does less here: 1 of its 2 maps are for single denoising "
            "steps (\"b@5\") that HOST does not take; it knows steps 0 to 4");
  MapSet late;
  late.maps.add({"b", 5}, AffineMap::identity(4));
  late.provenance["model"] = {{"id", "other"}, {"fingerprint", "f2"}};
  const auto both = warnings_of(late, 1);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_NE(both[0].find("does nothing here"), std::string::npos);
  EXPECT_NE(both[0].find("step 0 alone"), std::string::npos);
  EXPECT_NE(both[1].find("other weights"), std::string::npos);
  late.provenance["model"]["fingerprint"] = "f1";
  EXPECT_EQ(warnings_of(late, 6).size(), 0u);
  late.maps.add("c", AffineMap::identity(4));
  expect_error(
      ErrorKind::shape, {"MAP", "\"c\""}, [&] { warnings_of(late, 6); });
}

}  // namespace
}  // namespace lineas
