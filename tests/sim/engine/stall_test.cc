// A server that stalls, against clients that ask at a fixed rate: what they wanted and did not get
// to send must show. The truth is computed beside it.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "common/plan/shape.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_engines.h"
#include "tests/support/sim_scenario.h"
#include "tests/support/sim_server.h"

namespace sfp::engine {
namespace {

using support::AddTask;
using support::BareScenario;
using support::Compiled;
using support::SimClock;
using support::SimEngines;
using support::SimServer;
using support::Steady;

constexpr Duration kMs{1'000'000};
constexpr Duration kSecond{1'000'000'000};
constexpr Duration kRun = 30 * kSecond;
constexpr Duration kStall = 1400 * kMs;
constexpr Duration kService = 1 * kMs;  // mean, exponential

stats::EndpointStats RunPlan(const v1::Scenario& scenario, const v1::Plan& plan, bool stall,
                             std::uint32_t workers = 2) {
  SimClock clock;
  const Time start = clock.now();
  SimServer::Options options{.service = kService, .exponential = true};
  if (stall) options.freezes = {{start + 10 * kSecond, start + 10 * kSecond + kStall}};
  SimServer server(clock, options);
  SimEngines engines(clock, Compiled(scenario), server, {.workers = workers});
  engines.Start(plan, start);
  clock.Run();
  EXPECT_TRUE(engines.idle());
  EXPECT_EQ(engines.Total()[0].started, server.answered());
  return engines.Total()[0];
}

void Print(const char* what, const stats::EndpointStats& stats) {
  const auto line = [&](const char* name, const stats::Histogram& h) {
    std::printf("%-14s %-9s p50 %8.3f ms  p99 %8.3f ms  max %8.3f ms\n", what, name,
                Millis(*h.Quantile(0.5)), Millis(*h.Quantile(0.99)), Millis(*h.max()));
  };
  line("response", stats.response);
  line("intended", stats.intended);
}

// 100 users, each at 20/s: 2000/s in all. While the server stands still a user has one request in
// flight, and afterwards it sends the others, one behind the other. One wanted x after the stall's
// begin is x (1 - s/p) older than the stall's end when its turn comes (p the pacing, s the service
// time), so its intended time falls evenly from the stall's length to 0; of the run's n = rate × D
// requests, n / 100 are later than
//
//   p99 = stall - D / 100 × (1 - s/p).
TEST(Stall, ShowsInTheIntendedTimesOfPacedUsersAndHardlyInTheirResponseTimes) {
  constexpr Duration kPacing = 50 * kMs;
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_pacing_ns(kPacing.count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  const stats::EndpointStats calm = RunPlan(scenario, Steady(100, kRun), false);
  const stats::EndpointStats stalled = RunPlan(scenario, Steady(100, kRun), true);
  Print("without stall", calm);
  Print("1.4 s of 30 s", stalled);
  const double exact =
      Seconds(kStall) - Seconds(kRun) / 100 * (1 - Seconds(kService) / Seconds(kPacing));
  std::printf("%-14s %-9s                  p99 %8.3f ms\n", "exact", "intended", exact * 1000);

  EXPECT_EQ(calm.started, 60'000u);
  EXPECT_EQ(stalled.started, 60'000u);  // nothing is skipped
  EXPECT_NEAR(Seconds(*stalled.intended.Quantile(0.99)) / exact, 1, 0.05);
  EXPECT_NEAR(Seconds(*stalled.intended.max()) / Seconds(kStall), 1, 0.01);
  // The hundred that were held, one of each user, put the 99th percentile where the 99.17th was: 4
  // % higher for an exponential law.
  const double moved = std::log(0.01 - 100.0 / 60'000) / std::log(0.01);
  EXPECT_NEAR(Seconds(*stalled.response.Quantile(0.99)) / Seconds(*calm.response.Quantile(0.99)),
              moved, 0.03);
  EXPECT_NEAR(Seconds(*calm.intended.Quantile(0.99)) / Seconds(*calm.response.Quantile(0.99)), 1,
              0.01);
}

v1::Plan Arriving(double rate, std::uint32_t max_users, bool poisson) {
  plan::Arrivals shape;
  shape.rate = rate;
  shape.max_users = max_users;
  shape.run_time = kRun;
  shape.poisson = poisson;
  return plan::Compile(shape);
}

v1::Scenario OneTask() {
  v1::Scenario scenario = BareScenario();
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  return scenario;
}

// With users for all that piles up, every request is sent on time: both times tell of the stall.
TEST(Stall, ShowsInBothTimesOfArrivalsWithUsersEnough) {
  const stats::EndpointStats stalled = RunPlan(OneTask(), Arriving(2000, 5000, false), true);
  Print("arrivals", stalled);
  EXPECT_EQ(stalled.started, 60'000u);
  EXPECT_EQ(stalled.dropped, 0u);
  EXPECT_EQ(stalled.intended, stalled.response);
  const double exact = Seconds(kStall) - Seconds(kRun) / 100;
  EXPECT_NEAR(Seconds(*stalled.response.Quantile(0.99)) / exact, 1, 0.05);
}

TEST(Stall, DropsArrivalsThatFindNoUserAndCountsEachOfThem) {
  for (const bool poisson : {false, true}) {
    const auto all = RunPlan(OneTask(), Arriving(2000, 100'000, poisson), false);
    const auto few = RunPlan(OneTask(), Arriving(2000, 100, poisson), true);
    EXPECT_EQ(all.dropped, 0u);
    EXPECT_EQ(few.started + few.dropped, all.started);
    // But for the hundred that are held, all of 1.4 s.
    EXPECT_NEAR(static_cast<double>(few.dropped), 2000 * 1.4 - 100, poisson ? 200 : 20);
  }
}

}  // namespace
}  // namespace sfp::engine
