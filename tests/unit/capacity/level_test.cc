#include "master/capacity/level.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "master/capacity/validity.h"

namespace sfp::capacity {
namespace {

using Counts = std::vector<std::uint64_t>;

// Asks once a second, as the coordinator does; returns how many seconds the level took.
std::uint32_t Play(const LevelGovernor& governor, std::uint64_t per_second, LevelDecision& last) {
  Counts counts;
  for (;;) {
    last = governor.Decide(counts);
    if (last.done || counts.size() > 1000) return static_cast<std::uint32_t>(counts.size());
    counts.push_back(per_second);
  }
}

TEST(LevelGovernor, CutsTwoCyclesAndThenTakesTen) {
  LevelDecision decision;
  // 100 users, 50 requests/s: a cycle takes 2 s.
  EXPECT_EQ(Play(LevelGovernor(100, 40), 50, decision), 24U);
  EXPECT_FALSE(decision.capped);
  EXPECT_EQ(decision.window_begin_s, 44U);
  EXPECT_EQ(decision.window_end_s, 64U);
}

TEST(LevelGovernor, FewUsersStillTakeSixSeconds) {
  LevelDecision decision;
  EXPECT_EQ(Play(LevelGovernor(10, 0), 1000, decision), 6U);
  EXPECT_EQ(decision.window_begin_s, 2U);
  EXPECT_EQ(decision.window_end_s, 6U);
}

TEST(LevelGovernor, ADeadServerEndsTheLevelAtTheCap) {
  LevelDecision decision;
  EXPECT_EQ(Play(LevelGovernor(10, 5), 0, decision), LevelGovernor::kCap);
  EXPECT_TRUE(decision.capped);
  EXPECT_EQ(decision.window_begin_s, 5 + LevelGovernor::kCap / 2);
  EXPECT_EQ(decision.window_end_s, 5 + LevelGovernor::kCap);
}

TEST(LevelGovernor, WithAFixedStepItEndsWithIt) {
  for (const std::uint64_t rate : {0U, 3U, 5000U}) {
    LevelDecision decision;
    EXPECT_EQ(Play(LevelGovernor(10, 100, 130), rate, decision), 30U) << rate;
    EXPECT_FALSE(decision.capped);
    EXPECT_EQ(decision.window_end_s, 130U);
    EXPECT_LE(*decision.window_begin_s, 107U);
    EXPECT_GE(*decision.window_begin_s, 102U);
  }
}

TEST(LevelGovernor, AFixedStepThatTheRampUsedUpEndsAtOnce) {
  const LevelDecision decision = LevelGovernor(10, 100, 90).Decide({});
  EXPECT_TRUE(decision.done);
  EXPECT_EQ(decision.window_begin_s, 100U);
  EXPECT_EQ(decision.window_end_s, 100U);
}

TEST(LevelGovernor, EstimatesTheRestExactlyForASteadyServer) {
  const LevelGovernor governor(100, 0);
  Counts counts;
  for (std::uint32_t s = 1; s < 24; ++s) {
    counts.push_back(50);
    EXPECT_DOUBLE_EQ(governor.Decide(counts).remaining_s, 24.0 - s) << s;
  }
  EXPECT_DOUBLE_EQ(governor.Decide({}).remaining_s, LevelGovernor::kCap);
}

TEST(LevelGovernor, DecidesTheSameWhenAskedLate) {
  const Counts counts(60, 50);
  const LevelDecision decision = LevelGovernor(100, 40).Decide(counts);
  EXPECT_TRUE(decision.done);
  EXPECT_EQ(decision.window_end_s, 64U);
}

// The old test's levels against its API at twenty times the speed: six servers of 8.5 ms, think
// time 0.1275 s. Each level costs a ramp of 1 s and up to 2 s until its last second has been
// delivered.
TEST(LevelGovernor, SweepsTheOldLevelsInUnder170Seconds) {
  const double think_s = 0.1275, service_s = 0.0085, ceiling = 6 / service_s;
  double total_s = 0;
  for (const std::uint32_t users : {10U, 20U, 30U, 50U, 100U, 500U, 1000U, 1500U, 2000U}) {
    const double rate = std::min(users / (think_s + service_s), ceiling);
    LevelDecision decision;
    total_s += 3 + Play(LevelGovernor(users, 0), static_cast<std::uint64_t>(rate), decision);
    Measured row;
    row.users = users;
    row.window_s = *decision.window_end_s - *decision.window_begin_s;
    row.requests = static_cast<std::uint64_t>(rate) * static_cast<std::uint64_t>(row.window_s);
    row.mean_response_s = users / rate - think_s;
    row.think_s = think_s;
    EXPECT_EQ(Judge(row).verdict, Verdict::kValid) << users;
  }
  EXPECT_LT(total_s, 170);
}

}  // namespace
}  // namespace sfp::capacity
