#include "master/capacity/level.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "common/base/rng.h"
#include "master/capacity/arrival_level.h"
#include "master/capacity/validity.h"

namespace sfp::capacity {
namespace {

using Counts = std::vector<std::uint64_t>;

// Asks once a second, as the coordinator does, while `next(second)` requests are completed in each;
// returns how many seconds the level took.
template <typename Next>
std::uint32_t Play(LevelGovernor governor, Next next, LevelDecision& last) {
  Counts counts;
  for (std::uint32_t second = 0;; ++second) {
    last = governor.Decide(counts);
    if (last.done || counts.size() > 2000) return static_cast<std::uint32_t>(counts.size());
    counts.push_back(next(second));
  }
}

auto Steady(std::uint64_t per_second) {
  return [per_second](std::uint32_t) { return per_second; };
}

// As many as come to many independent users: normal, with the variance of a Poisson process.
auto Chance(double mean, std::uint64_t seed) {
  return [mean, rng = Rng(seed)](std::uint32_t) mutable {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += rng.Uniform();
    return static_cast<std::uint64_t>(std::max(0.0, mean + std::sqrt(mean) * sum));
  };
}

TEST(LevelGovernor, CutsTwoCyclesAndThenTakesTen) {
  LevelDecision decision;
  // 100 users, 50 requests/s: a cycle takes 2 s.
  EXPECT_EQ(Play(LevelGovernor(100, 40), Steady(50), decision), 24U);
  EXPECT_FALSE(decision.capped);
  EXPECT_EQ(decision.window_begin_s, 44U);
  EXPECT_EQ(decision.window_end_s, 64U);
}

TEST(LevelGovernor, FewUsersStillTakeTwelveSeconds) {
  LevelDecision decision;
  EXPECT_EQ(Play(LevelGovernor(10, 0), Steady(1000), decision), 12U);
  EXPECT_EQ(decision.window_begin_s, 2U);
  EXPECT_EQ(decision.window_end_s, 12U);
}

TEST(LevelGovernor, GoesOnUntilTheThroughputIsKnownToThreePercent) {
  // 1.96/√n = 3 % for some 4300 requests: 43 s of 100 a second, 1 s of 5000. Student's t and the
  // chance to stop early make it more or less.
  std::uint32_t slow = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    LevelDecision decision;
    slow += Play(LevelGovernor(10, 0), Chance(100, seed), decision);
    EXPECT_FALSE(decision.capped);
    EXPECT_THAT(decision.why, ::testing::HasSubstr("throughput known to ±"));
    EXPECT_EQ(Play(LevelGovernor(10, 0), Chance(50'000, seed), decision), 12U);
  }
  EXPECT_GT(slow / 20, 25U);
  EXPECT_LT(slow / 20, 70U);
}

TEST(LevelGovernor, SpendsAtMostFiveMinutesOnPrecision) {
  LevelDecision decision;
  EXPECT_EQ(Play(LevelGovernor(10, 5), Chance(2, 1), decision), LevelGovernor::kPrecisionCap);
  EXPECT_FALSE(decision.capped);
}

TEST(LevelGovernor, GivesASlowTargetTheTimeForItsCycles) {
  LevelDecision decision;
  // 2000 users at 35/s: 57 s for each cycle.
  const std::uint32_t took = Play(LevelGovernor(2000, 0), Steady(35), decision);
  EXPECT_NEAR(took, 12 * 2000 / 35, 2);
  EXPECT_FALSE(decision.capped);
  EXPECT_EQ(Play(LevelGovernor(2000, 0), Steady(3), decision), LevelGovernor::kCap);
  EXPECT_TRUE(decision.capped);
}

TEST(LevelGovernor, ADeadServerEndsTheLevel) {
  LevelDecision decision;
  EXPECT_EQ(Play(LevelGovernor(10, 5), Steady(0), decision), LevelGovernor::kSilentCap);
  EXPECT_TRUE(decision.capped);
  EXPECT_EQ(decision.why, "no request was completed");
  EXPECT_EQ(decision.window_end_s, 5 + LevelGovernor::kSilentCap);
}

// A cache that fills: the throughput climbs from 200 to 1000 in 30 s.
TEST(LevelGovernor, AThroughputThatIsStillOnItsWayBelongsToTheWarmUp) {
  LevelDecision decision;
  auto chance = Chance(1000, 3);
  Play(
      LevelGovernor(10, 0),
      [&](std::uint32_t second) {
        const std::uint64_t full = chance(second);
        return second < 30 ? full * (200 + 27 * second) / 1000 : full;
      },
      decision);
  EXPECT_GE(decision.window_begin_s, 24U);
  EXPECT_LE(decision.window_begin_s, 40U);
}

TEST(LevelGovernor, ASteadyThroughputIsNotCutForItsNoise) {
  int cut = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    LevelDecision decision;
    Play(LevelGovernor(10, 0), Chance(100, seed), decision);
    cut += *decision.window_begin_s > 2;
  }
  EXPECT_LE(cut, 10);
}

TEST(Mser, CutsWhereTheRestIsSteady) {
  Counts counts(10, 1);
  counts.resize(40, 100);
  EXPECT_EQ(MserCut(counts), 10U);
  EXPECT_EQ(MserCut(Counts(40, 100)), 0U);
  EXPECT_EQ(MserCut({}), 0U);
}

TEST(LevelGovernor, WithAFixedStepItEndsWithIt) {
  for (const std::uint64_t rate : {0U, 3U, 5000U}) {
    LevelDecision decision;
    EXPECT_EQ(Play(LevelGovernor(10, 100, 130), Steady(rate), decision), 30U) << rate;
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

TEST(LevelGovernor, EstimatesTheRestExactlyForASteadyServerAndSaysWhatItWaitsFor) {
  LevelGovernor governor(100, 0);
  EXPECT_DOUBLE_EQ(governor.Decide({}).remaining_s, LevelGovernor::kSilentCap);
  Counts counts;
  for (std::uint32_t s = 1; s < 24; ++s) {
    counts.push_back(50);
    const LevelDecision decision = governor.Decide(counts);
    EXPECT_DOUBLE_EQ(decision.remaining_s, 24.0 - s) << s;
    if (s == 1) {
      EXPECT_EQ(decision.why, "warm-up");
    }
    if (s == 14) {
      EXPECT_EQ(decision.why, "5.0 of 10 cycles per user");
    }
  }
}

TEST(LevelGovernor, DecidesTheSameWhenAskedLate) {
  const Counts counts(60, 50);
  const LevelDecision decision = LevelGovernor(100, 40).Decide(counts);
  EXPECT_TRUE(decision.done);
  EXPECT_EQ(decision.window_end_s, 64U);
}

// A level of arrivals, second by second.
struct Second {
  double requests, mean_s, in_flight;
};
template <typename Next>
std::uint32_t PlayArrivals(Next next, LevelDecision& last) {
  ArrivalLevel level(100);
  std::vector<ArrivalSecond> seconds;
  for (std::uint32_t s = 0;; ++s) {
    last = level.Decide(seconds);
    if (last.done || seconds.size() > 2000) return s;
    const Second figures = next(s);
    seconds.push_back({static_cast<std::uint64_t>(figures.requests),
                       figures.requests * figures.mean_s,
                       static_cast<std::uint64_t>(figures.in_flight)});
  }
}

TEST(ArrivalLevel, TakesTenSecondsAndThreeHundredRequests) {
  LevelDecision decision;
  EXPECT_EQ(PlayArrivals([](std::uint32_t) { return Second{50, 0.1, 5}; }, decision), 12U);
  EXPECT_EQ(decision.window_begin_s, 102U);
  EXPECT_EQ(decision.window_end_s, 112U);
  EXPECT_EQ(PlayArrivals([](std::uint32_t) { return Second{10, 0.1, 1}; }, decision), 32U);
  EXPECT_EQ(PlayArrivals([](std::uint32_t) { return Second{0, 0, 7}; }, decision), 300U);
  EXPECT_TRUE(decision.capped);
}

TEST(ArrivalLevel, IsLongerWhereResponseTimesScatter) {
  LevelDecision decision;
  Rng rng(1);
  const auto wild = [&](std::uint32_t) { return Second{50, 0.05 + 0.1 * rng.Uniform(), 5}; };
  const std::uint32_t took = PlayArrivals(wild, decision);
  EXPECT_GT(took, 15U);
  EXPECT_LE(took, 2 + ArrivalLevel::kLongestWindow);
}

TEST(ArrivalLevel, WorksOffWhatAnOverloadedLevelLeft) {
  LevelDecision decision;
  const auto drains = [](std::uint32_t s) {
    return s < 30 ? Second{60, 10.0 - 0.3 * s, 600 - 20.0 * s} : Second{40, 0.2, 8};
  };
  PlayArrivals(drains, decision);
  EXPECT_GE(*decision.window_begin_s, 128U);
}

TEST(ArrivalLevel, EndsWhereTheTargetFallsBehind) {
  LevelDecision decision;
  const auto overloaded = [](std::uint32_t s) { return Second{36, 0.2 + 0.5 * s, 10 + 18.0 * s}; };
  EXPECT_LE(PlayArrivals(overloaded, decision), 24U);
  EXPECT_EQ(decision.why, "the target falls behind");
  // A slow target fills up first; that is no overload.
  const auto slow = [](std::uint32_t s) {
    return s < 5 ? Second{0, 0, 40.0 * s} : Second{40, 5, 200};
  };
  PlayArrivals(slow, decision);
  EXPECT_NE(decision.why, "the target falls behind");
}

// The old test's levels against its API at twenty times the speed: six servers of 8.5 ms, think
// time 0.1275 s. Each level costs a ramp of 1 s and up to 2 s until its last second has been
// delivered.
TEST(LevelGovernor, SweepsTheOldLevelsInUnderFiveMinutes) {
  const double think_s = 0.1275, service_s = 0.0085, ceiling = 6 / service_s;
  double total_s = 0;
  for (const std::uint32_t users : {10U, 20U, 30U, 50U, 100U, 500U, 1000U, 1500U, 2000U}) {
    const double rate = std::min(users / (think_s + service_s), ceiling);
    LevelDecision decision;
    total_s += 3 + Play(LevelGovernor(users, 0), Chance(rate, users), decision);
    Measured row;
    row.users = users;
    row.window_s = *decision.window_end_s - *decision.window_begin_s;
    row.requests = static_cast<std::uint64_t>(rate * row.window_s);
    row.mean_response_s = users / rate - think_s;
    row.think_s = think_s;
    EXPECT_EQ(Judge(row).verdict, Verdict::kValid) << users;
  }
  EXPECT_LT(total_s, 300);
}

}  // namespace
}  // namespace sfp::capacity
