#include "lineas/base/seed.h"

#include <gtest/gtest.h>

#include <set>

namespace lineas {
namespace {

// These numbers are part of the contract: a seed means the same everywhere.
TEST(Seed, HashIsStable) {
  EXPECT_EQ(stable_hash(""), stable_hash(""));
  EXPECT_NE(stable_hash("a"), stable_hash("b"));
  EXPECT_EQ(Random(0).next(), 0xe220a8397b1dcdafULL);  // splitmix64's first
}

TEST(Seed, OrderOfLabelsMatters) {
  EXPECT_NE(derive_seed(1, {2, 3}), derive_seed(1, {3, 2}));
  EXPECT_NE(derive_seed(1, {2}), derive_seed(2, {1}));
  EXPECT_NE(derive_seed(1, {}), derive_seed(1, {0}));
  EXPECT_EQ(derive_seed(1, {2, 3}), derive_seed(1, {2, 3}));
}

TEST(Seed, UniformStaysInRange) {
  Random random(3);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double x = random.uniform();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
    sum += x;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

TEST(Seed, BelowReachesEveryValue) {
  Random random(4);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Seed, PermutationHoldsEachIndexOnce) {
  const std::vector<int64_t> order = Random(5).permutation(50);
  EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 50u);
  EXPECT_EQ(order, Random(5).permutation(50));
  EXPECT_NE(order, Random(6).permutation(50));
  EXPECT_TRUE(Random(5).permutation(0).empty());
}

}  // namespace
}  // namespace lineas
