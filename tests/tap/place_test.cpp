// Places: names, what they cover, and lists that do not overlap.
#include "lineas/tap/place.h"

#include "tests/support/errors.h"

namespace lineas {
namespace {

SiteTable table() {
  SiteTable sites;
  sites.add("a", 2);
  sites.add("b", 3);
  return sites;
}

TEST(Place, IsCalledBySiteAndStep) {
  EXPECT_EQ(name_of({1}, table()), "b");
  EXPECT_EQ(name_of({1, 2}, table()), "b@2");
  EXPECT_EQ(width_of({1, 2}, table()), 3);
}

TEST(PlaceList, FindsWhatCoversAVisit) {
  const PlaceList list({{1, 0}, {0}, {1, 2}});
  EXPECT_EQ(list.find(0, 0), 1);
  EXPECT_EQ(list.find(0, 7), 1);
  EXPECT_EQ(list.find(1, 0), 0);
  EXPECT_EQ(list.find(1, 2), 2);
  EXPECT_EQ(list.find(1, 1), -1);
  EXPECT_EQ(list.find(5, 0), -1);
}

TEST(PlaceList, RefusesPlacesThatOverlap) {
  using Places = std::vector<Place>;
  for (const Places& places : {Places{{0}, {0}},
                               Places{{0}, {1}, {0, 3}},
                               Places{{0, 3}, {0}},
                               Places{{0, 3}, {0, 3}}})
    testing::expect_error(
        ErrorKind::usage, {"twice"}, [&] { PlaceList list(places); });
}

}  // namespace
}  // namespace lineas
