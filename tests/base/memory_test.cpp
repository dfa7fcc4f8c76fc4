// Memory figures of the process.
#include "lineas/base/memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace lineas {
namespace {

TEST(Memory, GrowsWithWhatIsTouched) {
  constexpr int64_t kBytes = 64 << 20;
  const int64_t before = resident_bytes();
  ASSERT_GT(before, 0);
  {
    const std::vector<char> block(kBytes, 1);
    EXPECT_GT(resident_bytes(), before + kBytes * 9 / 10);
    EXPECT_EQ(block.back(), 1);
  }
  EXPECT_GT(peak_resident_bytes(), before + kBytes * 9 / 10);
}

TEST(Memory, SomeIsAvailable) {
  EXPECT_GT(available_bytes(), 1 << 20);
}

}  // namespace
}  // namespace lineas
