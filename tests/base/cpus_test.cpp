#include "lineas/base/cpus.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>

#include "tests/support/folder.h"

namespace lineas {
namespace {

/// A machine's /proc/self and control groups, as files below a folder.
class FakeRoot {
 public:
  FakeRoot(const std::string& groups, const std::string& mounts) {
    write("proc/self/cgroup", groups);
    write("proc/self/mountinfo", mounts);
  }
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(
        std::filesystem::path(folder_ / path).parent_path());
    folder_.write(path, text);
  }
  std::optional<double> quota() const { return cpu_quota(folder_.path()); }

 private:
  testing::TempFolder folder_;
};

constexpr const char* kSecond =
    "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";
constexpr const char* kFirst =
    "33 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup "
    "rw,cpu,cpuacct\n"
    "34 25 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

TEST(CpuQuota, OfVersionTwoIsTheLeastOnTheWayUp) {
  FakeRoot root("0::/user/job\n", kSecond);
  root.write("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  EXPECT_FALSE(root.quota());
  root.write("sys/fs/cgroup/user/cpu.max", "150000 100000\n");
  EXPECT_EQ(root.quota(), 1.5);
  root.write("sys/fs/cgroup/user/job/cpu.max", "400000 100000\n");
  EXPECT_EQ(root.quota(), 1.5);
  root.write("sys/fs/cgroup/user/job/cpu.max", "50000 100000\n");
  EXPECT_EQ(root.quota(), 0.5);
}

TEST(CpuQuota, OfVersionOne) {
  FakeRoot root("5:cpu,cpuacct:/docker/a\n3:memory:/docker/a\n", kFirst);
  const std::string group = "sys/fs/cgroup/cpu,cpuacct/docker/a/";
  root.write(group + "cpu.cfs_quota_us", "-1\n");
  root.write(group + "cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(root.quota());
  root.write(group + "cpu.cfs_quota_us", "200000\n");
  EXPECT_EQ(root.quota(), 2);
}

TEST(CpuQuota, InAContainerTheMountIsTheGroup) {
  FakeRoot root("0::/docker/a\n",
                "30 25 0:26 /docker/a /sys/fs/cgroup ro - cgroup2 c rw\n");
  root.write("sys/fs/cgroup/cpu.max", "300000 100000\n");
  EXPECT_EQ(root.quota(), 3);
}

TEST(CpuQuota, IsNoneWhereNothingIsSaid) {
  EXPECT_FALSE(FakeRoot("", "").quota());
  EXPECT_FALSE(FakeRoot("0::/a\nodd\n", "odd\n").quota());
  EXPECT_FALSE(cpu_quota("no/such/root"));
}

TEST(UsableCpus, FollowTheAffinity) {
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_GE(usable_cpus(), 1);
  EXPECT_LE(usable_cpus(), CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_cpus(), 1);
  ::sched_setaffinity(0, sizeof before, &before);
}

}  // namespace
}  // namespace lineas
