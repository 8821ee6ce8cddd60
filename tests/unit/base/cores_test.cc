#include "common/base/cores.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sfp {
namespace {

// A tree of /proc and /sys as a kernel would show it.
class CgroupsTest : public testing::Test {
 protected:
  CgroupsTest() : root(testing::TempDir() + "sfp-cgroups-" + std::to_string(getpid())) {}
  ~CgroupsTest() override { std::filesystem::remove_all(root); }
  void Put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root + path).substr(0, (root + path).rfind('/')));
    std::ofstream(root + path) << text;
  }
  const std::string root;
};

TEST_F(CgroupsTest, WithoutAnyThereIsNoLimit) {
  EXPECT_FALSE(ReadCgroupLimits(root).cores);
  EXPECT_FALSE(ReadCgroupLimits(root).memory_bytes);
}

TEST_F(CgroupsTest, Version2InItsOwnNamespace) {
  Put("/proc/self/cgroup", "0::/\n");
  Put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  Put("/sys/fs/cgroup/memory.max", "268435456\n");
  EXPECT_DOUBLE_EQ(ReadCgroupLimits(root).cores.value(), 1.5);
  EXPECT_EQ(ReadCgroupLimits(root).memory_bytes, 268435456u);
}

TEST_F(CgroupsTest, NoLimitInVersion2IsMax) {
  Put("/proc/self/cgroup", "0::/\n");
  for (const char* none : {"max 100000\n", "", "rubbish", "100000", "0 100000", "100000 0"}) {
    Put("/sys/fs/cgroup/cpu.max", none);
    EXPECT_FALSE(ReadCgroupLimits(root).cores) << none;
  }
  Put("/sys/fs/cgroup/memory.max", "max\n");
  EXPECT_FALSE(ReadCgroupLimits(root).memory_bytes);
}

TEST_F(CgroupsTest, TheLeastLimitOfNestedGroupsCounts) {
  Put("/proc/self/cgroup", "0::/kubepods/pod7/main\n");
  Put("/sys/fs/cgroup/kubepods/pod7/main/cpu.max", "400000 100000\n");
  Put("/sys/fs/cgroup/kubepods/pod7/cpu.max", "200000 100000\n");
  Put("/sys/fs/cgroup/kubepods/cpu.max", "max 100000\n");
  Put("/sys/fs/cgroup/kubepods/pod7/main/memory.max", "max\n");
  Put("/sys/fs/cgroup/kubepods/memory.max", "1000000000\n");
  EXPECT_DOUBLE_EQ(ReadCgroupLimits(root).cores.value(), 2);
  EXPECT_EQ(ReadCgroupLimits(root).memory_bytes, 1'000'000'000u);
}

TEST_F(CgroupsTest, Version1WithTheHostsPathAndOnlyTheContainersGroupMounted) {
  Put("/proc/self/cgroup",
      "9:cpuset:/docker/ab12\n4:cpu,cpuacct:/docker/ab12\n3:memory:/docker/ab12\n");
  Put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  Put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  Put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
  EXPECT_DOUBLE_EQ(ReadCgroupLimits(root).cores.value(), 0.5);
  EXPECT_EQ(ReadCgroupLimits(root).memory_bytes, 536870912u);
}

// "cpu" is also the beginning of "cpuset", whose path is another one.
TEST_F(CgroupsTest, Version1NestedOnAHost) {
  Put("/proc/self/cgroup", "9:cpuset:/\n4:cpuacct,cpu:/a/b\n3:memory:/a\n0::/\n");
  Put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  Put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  Put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "300000\n");
  Put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  Put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n");
  Put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
  Put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_DOUBLE_EQ(ReadCgroupLimits(root).cores.value(), 3);
  EXPECT_FALSE(ReadCgroupLimits(root).memory_bytes);
}

TEST_F(CgroupsTest, BothVersionsAtOnce) {
  Put("/proc/self/cgroup", "1:cpu:/x\n0::/x\n");
  Put("/sys/fs/cgroup/unified/x/memory.max", "1000000\n");
  Put("/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "100000\n");
  Put("/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(ReadCgroupLimits(root).cores.value(), 1);
  EXPECT_EQ(ReadCgroupLimits(root).memory_bytes, 1'000'000u);
}

TEST(Cores, ThereIsAtLeastOne) { EXPECT_GE(UsableCores(), 1u); }

TEST(Memory, IsKnownHere) { EXPECT_GT(UsableMemory(), 1u << 20); }

TEST(Throttling, IsReadFromEitherVersionsStatistics) {
  const auto v2 = ThrottlingOf(
      "usage_usec 5\nuser_usec 3\nnr_periods 100\nnr_throttled 7\nthrottled_usec 2500\n");
  ASSERT_TRUE(v2);
  EXPECT_EQ(v2->periods, 7u);
  EXPECT_EQ(v2->time, std::chrono::microseconds(2500));
  const auto v1 = ThrottlingOf("nr_periods 100\nnr_throttled 7\nthrottled_time 2500\n");
  ASSERT_TRUE(v1);
  EXPECT_EQ(v1->time, std::chrono::nanoseconds(2500));
  for (const char* none : {"", "usage_usec 5\nuser_usec 3\n", "throttled_usec x"}) {
    EXPECT_FALSE(ThrottlingOf(none)) << none;
  }
}

}  // namespace
}  // namespace sfp
