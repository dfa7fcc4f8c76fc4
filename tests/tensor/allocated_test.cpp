#include "lineas/tensor/allocated.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace lineas {
namespace {

TEST(AllocationCount, KnowsWhatIsHeldAndTheMostThereWas) {
  const at::Tensor before = at::ones({1000});
  AllocationCount count;
  EXPECT_EQ(count.held(), 0);
  at::Tensor kept = at::ones({1024});
  {
    const at::Tensor gone = at::ones({2048});
    EXPECT_EQ(count.held(), 3 * 4096);
  }
  EXPECT_EQ(count.held(), 4096);
  EXPECT_EQ(count.peak(), 3 * 4096);
  kept.reset();
  EXPECT_EQ(count.held(), 0);
}

TEST(AllocationCount, ThePeakIsCountedAnew) {
  AllocationCount count;
  const at::Tensor kept = at::ones({1024});
  at::ones({4096});
  EXPECT_EQ(count.restart(), 4096);
  EXPECT_EQ(count.peak(), 4096);
  at::ones({1024});
  EXPECT_EQ(count.peak(), 2 * 4096);
}

}  // namespace
}  // namespace lineas
