// Distances between names, and the suggestions made from them.
#include "lineas/base/names.h"

#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("mlp", "mpl"), 2);
}

TEST(NearestNames, ThreeClosestInOrder) {
  EXPECT_EQ(nearest_names("mlp", {"attn", "mlq", "norm", "mlpp", "xyzzy"}),
            "Nearest: mlpp, mlq, attn.");
  EXPECT_EQ(nearest_names("a", {"b"}), "Nearest: b.");
  EXPECT_EQ(nearest_names("a", {}), "There are none.");
}

}  // namespace
}  // namespace lineas
