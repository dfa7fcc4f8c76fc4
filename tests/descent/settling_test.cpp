// When a descent has settled, and that a state file carries it on.
#include "lineas/descent/settling.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(Settling, ComparesWithTheValueThatManyStepsAgo) {
  Settling settling(3, 0.1);
  for (const double value : {100.0, 99.0, 98.0})
    EXPECT_FALSE(settling.note(value)) << "too few to tell";
  EXPECT_FALSE(settling.note(89)) << "11 of 100 gained";
  EXPECT_FALSE(settling.note(89)) << "10 of 99 gained";
  EXPECT_TRUE(settling.note(89)) << "9 of 98 gained";
  EXPECT_EQ(settling.values().size(), 3u);
}

TEST(Settling, StateCarriesItOn) {
  for (int notes = 0; notes < 6; ++notes) {
    Settling whole(3, 0.1), resumed(3, 0.1);
    for (int i = 0; i < notes; ++i) whole.note(100 - i);
    EXPECT_EQ(whole.state().size(0), 4) << "a fixed shape";
    resumed.restore(whole.state());
    EXPECT_EQ(resumed.values(), whole.values());
  }
}

}  // namespace
}  // namespace lineas
