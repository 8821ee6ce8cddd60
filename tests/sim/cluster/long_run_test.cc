// A run of many hours. What master and worker keep of a second of run is a point of the series; all
// else is bounded. SFP_SIM_HOURS=24 sim_cluster_long_run_test runs longer than the usual three.

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "common/base/log.h"
#include "tests/sim/cluster/simulation.h"

namespace sfp::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A vector of points that doubles holds at most twice of what is in it.
constexpr double kMostBytesPerSecond = 2 * sizeof(results::SeriesPoint) + 16;

std::size_t InUse() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;  // large blocks are mapped by themselves
}

TEST(LongRun, MemoryGrowsByAPointOfTheSeriesPerSecondAndNoMore) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has its own allocator";
#endif
  SetLogLevel(LogLevel::kError);
  Simulation sim(1);
  sim.tick = milliseconds(450);
  sim.disk.forgets = true;
  sim.AddWorker(1, hours(7));
  const char* asked = std::getenv("SFP_SIM_HOURS");
  const hours length(asked == nullptr ? 3 : std::atoi(asked));
  ASSERT_TRUE(sim.StartRun(ConstantRun(3, length + hours(1), 1)).ok());
  sim.RunFor(hours(1));
  const std::size_t first = InUse();
  sim.RunFor(length - hours(1));
  const std::size_t last = InUse();
  ASSERT_EQ(sim.master().state(), coordinator::RunState::kRunning);
  ASSERT_EQ(sim.running_users(), 3u);
  const double more_s = Seconds(length - hours(1));
  ASSERT_GT(static_cast<double>(sim.master().results()->series().size()), more_s);
  const double per_second = (static_cast<double>(last) - static_cast<double>(first)) / more_s;
  std::printf("%s h: %.1f bytes per second of run (a point of the series: %s)\n",
              std::to_string(length.count()).c_str(), per_second,
              std::to_string(sizeof(results::SeriesPoint)).c_str());
  EXPECT_LT(per_second, kMostBytesPerSecond);
}

}  // namespace
}  // namespace sfp::test
