#include "lineas/tensor/device.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "tests/support/errors.h"

namespace lineas {
namespace {

TEST(Device, MultipliesFloatsWellAndHalvesWhereOneDnnTakesThem) {
  EXPECT_TRUE(multiplies_well(at::kFloat, at::kCPU));
  EXPECT_TRUE(multiplies_well(at::kDouble, at::kCPU));
  EXPECT_TRUE(multiplies_well(at::kHalf, at::Device(at::kCUDA, 0)));
#ifdef __x86_64__
  EXPECT_EQ(
      multiplies_well(at::kBFloat16, at::kCPU),
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"));
#endif
}

TEST(Threads, AreAsManyAsAskedForElseAsMayBeUsed) {
  const int before = at::get_num_threads();
  set_threads(2);
  EXPECT_EQ(at::get_num_threads(), 2);
  testing::expect_error(ErrorKind::usage, {"-t -1"}, [] { set_threads(-1); });
  cpu_set_t all, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  ::unsetenv("MKL_NUM_THREADS");
  ::setenv("OMP_NUM_THREADS", "2", 1);
  set_threads(0);
  EXPECT_EQ(at::get_num_threads(), 2);  // the user's word
  ::unsetenv("OMP_NUM_THREADS");
  set_threads(0);
  EXPECT_EQ(at::get_num_threads(), 1);
  ::sched_setaffinity(0, sizeof all, &all);
  set_threads(before);
}

}  // namespace
}  // namespace lineas
