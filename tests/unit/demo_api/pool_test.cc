#include "tests/demo_api/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace sfp::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

Time At(double s) { return Time(FromSeconds(s)); }

// One line per outcome: "1@0.100" served, "1@0.100!" killed.
std::vector<std::string> Until(Pool& pool, Time until) {
  std::vector<Pool::Outcome> outcomes;
  pool.Advance(until, outcomes);
  std::vector<std::string> lines;
  for (const auto& outcome : outcomes) {
    char line[64];
    std::snprintf(line, sizeof line, "%d@%.3f%s", static_cast<int>(outcome.id),
                  Seconds(outcome.at.time_since_epoch()), outcome.killed ? "!" : "");
    lines.emplace_back(line);
  }
  return lines;
}

PoolOptions Constant(std::uint32_t connections, std::uint32_t servers) {
  return {.connections = connections,
          .servers = servers,
          .service = milliseconds(100),
          .law = Law::kConstant,
          .timeout = seconds(1)};
}

TEST(PoolTest, ServesAsManyAtOnceAsThereAreServers) {
  Pool pool(Constant(30, 2));
  for (int id = 1; id <= 4; ++id) pool.Enter(id, At(0));
  EXPECT_EQ(pool.serving(), 2u);
  EXPECT_EQ(pool.connections_in_use(), 4u);
  EXPECT_EQ(pool.NextEvent(), At(0.1));
  EXPECT_THAT(Until(pool, At(0.2)), ElementsAre("1@0.100", "2@0.100", "3@0.200", "4@0.200"));
  EXPECT_EQ(pool.NextEvent(), kNever);
  EXPECT_EQ(pool.connections_in_use(), 0u);
}

TEST(PoolTest, AFewConnectionsLimitManyServers) {
  Pool pool(Constant(1, 6));
  for (int id = 1; id <= 3; ++id) pool.Enter(id, At(0));
  EXPECT_EQ(pool.serving(), 1u);
  EXPECT_THAT(Until(pool, At(1)), ElementsAre("1@0.100", "2@0.200", "3@0.300"));
}

TEST(PoolTest, ALateLoopDoesNotSlowTheServers) {
  Pool pool(Constant(30, 1));
  for (int id = 1; id <= 3; ++id) pool.Enter(id, At(0));
  EXPECT_THAT(Until(pool, At(0.9)), ElementsAre("1@0.100", "2@0.200", "3@0.300"));
}

TEST(PoolTest, ARequestThatEntersBeforeALateAdvanceIsNotServedBeforeItCame) {
  Pool pool(Constant(30, 1));
  pool.Enter(1, At(0));
  pool.Enter(2, At(0.5));  // the first was done at 0.1, but nobody looked
  EXPECT_THAT(Until(pool, At(0.9)), ElementsAre("1@0.100", "2@0.600"));
}

TEST(PoolTest, KillsWhatHasWaitedForTheTimeout) {
  PoolOptions options = Constant(30, 1);
  options.timeout = milliseconds(250);
  Pool pool(options);
  for (int id = 1; id <= 4; ++id) pool.Enter(id, At(0));
  // The third is killed while it is served: its server works on until 0.3, and nobody gets the
  // answer.
  EXPECT_THAT(Until(pool, At(0.25)), ElementsAre("1@0.100", "2@0.200", "3@0.250!", "4@0.250!"));
  EXPECT_EQ(pool.serving(), 1u);
  pool.Enter(5, At(0.26));
  EXPECT_THAT(Until(pool, At(1)), ElementsAre("5@0.400"));
}

TEST(PoolTest, WhatIsHeldIsOnlyKilled) {
  Pool pool(Constant(30, 1));
  pool.Hold(1, At(0));
  pool.Enter(2, At(0));
  EXPECT_THAT(Until(pool, At(2)), ElementsAre("2@0.100", "1@1.000!"));
}

TEST(PoolTest, OneThatLeavesWhileWaitingCostsTheServersNothing) {
  Pool pool(Constant(2, 1));
  for (int id = 1; id <= 4; ++id) pool.Enter(id, At(0));
  pool.Leave(2);  // waits for a server
  pool.Leave(3);  // waits for a connection
  EXPECT_THAT(Until(pool, At(1)), ElementsAre("1@0.100", "4@0.200"));
  EXPECT_EQ(pool.connections_in_use(), 0u);
  EXPECT_EQ(pool.present(), 0u);
}

TEST(PoolTest, OneThatLeavesWhileServedKeepsItsServerBusy) {
  Pool pool(Constant(30, 1));
  pool.Enter(1, At(0));
  pool.Enter(2, At(0));
  pool.Leave(1);
  EXPECT_THAT(Until(pool, At(1)), ElementsAre("2@0.200"));
}

TEST(PoolTest, NoServiceTimeMeansAtOnce) {
  PoolOptions options = Constant(1, 1);
  options.service = Duration(0);
  Pool pool(options);
  pool.Enter(1, At(3));
  pool.Enter(2, At(3));
  EXPECT_THAT(Until(pool, At(3)), ElementsAre("1@3.000", "2@3.000"));
}

struct Spread {
  Law law;
  double cv;
};

TEST(PoolTest, EachLawHasItsMeanAndItsSpread) {
  for (const Spread& expected :
       {Spread{Law::kConstant, 0}, Spread{Law::kExponential, 1}, Spread{Law::kLognormal, 1}}) {
    Pool pool({.service = milliseconds(170), .law = expected.law, .seed = 7});
    double sum = 0;
    double squares = 0;
    constexpr int kCount = 20'000;
    std::vector<Pool::Outcome> outcomes;
    Time now = At(0);
    for (int id = 0; id < kCount;
         ++id) {  // one after the other: the time between is the service time
      pool.Enter(id, now);
      const Time end = pool.NextEvent();
      const double s = Seconds(end - now);
      sum += s;
      squares += s * s;
      now = end;
      pool.Advance(now, outcomes);
    }
    const double mean = sum / kCount;
    EXPECT_NEAR(mean, 0.17, 0.006) << static_cast<int>(expected.law);
    const double cv = std::sqrt(std::max(0.0, squares / kCount - mean * mean)) / mean;
    EXPECT_NEAR(cv, expected.cv, 0.1) << static_cast<int>(expected.law);
  }
}

TEST(PoolTest, LawsAreReadByName) {
  EXPECT_EQ(*ParseLaw("lognormal"), Law::kLognormal);
  EXPECT_EQ(Message(ParseLaw("normal").status()),
            "'normal' is not one of exponential, constant, lognormal");
}

}  // namespace
}  // namespace sfp::demo
