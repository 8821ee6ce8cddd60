#include "worker/agent/merger.h"

#include <gtest/gtest.h>

namespace sfp::agent {
namespace {

stats::Interval Second(std::uint32_t index, std::uint64_t started, std::uint32_t users = 1) {
  stats::Interval interval;
  interval.index = index;
  interval.users = users;
  interval.endpoints.resize(1);
  interval.endpoints[0].started = started;
  return interval;
}

TEST(MergerTest, WaitsForEveryThread) {
  Merger merger(3);
  merger.Begin();
  EXPECT_TRUE(merger.Add(0, Second(0, 1)).empty());
  EXPECT_TRUE(merger.Add(2, Second(0, 2)).empty());
  const auto complete = merger.Add(1, Second(0, 4));
  ASSERT_EQ(complete.size(), 1u);
  EXPECT_EQ(complete[0].endpoints[0].started, 7u);
  EXPECT_EQ(complete[0].users, 3u);
}

TEST(MergerTest, ThreadThatSkipsASecondDoesNotHoldItBack) {
  Merger merger(2);
  merger.Begin();
  merger.Add(0, Second(0, 1));
  merger.Add(0, Second(1, 1));
  const auto complete = merger.Add(1, Second(1, 1));  // it was late: one interval for both
  ASSERT_EQ(complete.size(), 2u);
  EXPECT_EQ(complete[0].index, 0u);
  EXPECT_EQ(complete[1].endpoints[0].started, 2u);
}

TEST(MergerTest, IdleThreadIsNotWaitedFor) {
  Merger merger(2);
  merger.Begin();
  merger.Add(0, Second(0, 1));
  EXPECT_EQ(merger.Idle(1).size(), 1u);
  EXPECT_FALSE(merger.AllIdle());
  EXPECT_EQ(merger.Add(0, Second(1, 1)).size(), 1u);
  EXPECT_TRUE(merger.Idle(0).empty());
  EXPECT_TRUE(merger.AllIdle());
}

TEST(MergerTest, HangingThreadHoldsOthersForABoundedTimeAndLosesNothing) {
  Merger merger(2);
  merger.Begin();
  std::uint64_t started = 0;
  std::size_t delivered = 0;
  for (std::uint32_t s = 0; s < 30; ++s) {
    for (const auto& interval : merger.Add(0, Second(s, 1))) {
      started += interval.endpoints[0].started;
      ++delivered;
    }
  }
  EXPECT_EQ(delivered, 30 - Merger::kMostPending);
  for (const auto& interval : merger.Add(1, Second(3, 100))) {
    started += interval.endpoints[0].started;
  }
  for (const auto& interval : merger.Idle(1)) started += interval.endpoints[0].started;
  for (const auto& interval : merger.Idle(0)) started += interval.endpoints[0].started;
  EXPECT_EQ(started, 130u);
}

TEST(MergerTest, AsManyIntervalsAreSparedAsWereDeliveredAndNoMoreThanThreads) {
  Merger merger(3);
  merger.Begin();
  for (std::uint32_t second = 0; second < 5; ++second) {
    for (std::uint32_t thread = 0; thread < 3; ++thread) {
      for (auto& complete : merger.Add(thread, Second(second, 1))) {
        merger.Spare(std::move(complete));
      }
    }
    for (int i = 0; i < 3; ++i) {
      const auto spare = merger.TakeSpare();
      ASSERT_TRUE(spare);
      EXPECT_EQ(spare->endpoints.size(), 1u);
    }
    EXPECT_FALSE(merger.TakeSpare());
  }
  for (int i = 0; i < 10; ++i) merger.Spare(Second(9, 1));
  int spares = 0;
  while (merger.TakeSpare()) ++spares;
  EXPECT_EQ(spares, 3);
}

}  // namespace
}  // namespace sfp::agent
