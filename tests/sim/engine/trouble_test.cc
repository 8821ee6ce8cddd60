// Servers that freeze or refuse, workers that are lost, runs that are long or cut short.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "common/plan/shares.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_engines.h"
#include "tests/support/sim_scenario.h"
#include "tests/support/sim_server.h"

namespace sfp::engine {
namespace {

using support::AddTask;
using support::SimClock;
using support::SimEngines;
using support::SimReply;
using support::SimServer;
using support::Steady;

constexpr Duration kSecond{1'000'000'000};

v1::Scenario Thinking(Duration mean) {
  v1::Scenario scenario = support::BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_exponential_ns(mean.count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  return scenario;
}

TEST(Trouble, AFrozenServerHoldsEveryUserAndLosesNone) {
  SimClock clock;
  const Time start = clock.now();
  SimServer server(clock, {.servers = 4,
                           .service = kSecond / 20,
                           .exponential = true,
                           .freezes = {{start + 20 * kSecond, start + 50 * kSecond}}});
  SimEngines engines(clock, support::Compiled(Thinking(kSecond)), server, {.threads = 2});
  engines.Start(Steady(50, 80 * kSecond), start);
  clock.Run();
  EXPECT_TRUE(engines.idle());
  EXPECT_EQ(engines.Total(21, 50)[0].requests(), 0u);
  std::uint64_t held = 0;
  for (const auto& one : engines.all()) held += one->intervals[45].in_flight;
  EXPECT_EQ(held, 50u);
  const stats::EndpointStats total = engines.Total()[0];
  EXPECT_EQ(total.started, total.succeeded);
  EXPECT_EQ(total.started, server.answered());
  EXPECT_GT(*total.response.max(), 29 * kSecond);
  EXPECT_GT(engines.Total(55, 80)[0].requests(), 25u * 30);
  for (const auto& one : engines.all()) {
    for (const auto& interval : one->intervals) {
      EXPECT_EQ(interval.lag.max().value_or(Duration(0)), Duration(0));
    }
  }
}

TEST(Trouble, ARefusingServerIsAskedAgainAtEveryWaitAndCountedEachTime) {
  SimClock clock;
  SimServer server(clock, {.service = kSecond / 100, .reply = [](std::string_view) {
                             return SimReply{.failure = stats::FailureKind::kRefused};
                           }});
  SimEngines engines(clock, support::Compiled(Thinking(kSecond)), server, {});
  engines.Start(Steady(100, 100 * kSecond), clock.now());
  clock.Run();
  const stats::EndpointStats total = engines.Total()[0];
  EXPECT_EQ(total.failed, total.started);
  EXPECT_NEAR(static_cast<double>(total.started), 100 * 100 / 1.01, 400);
}

TEST(Trouble, HoursOfAFewUsersBalance) {
  SimClock clock;
  SimServer server(clock, {.servers = 1, .service = kSecond / 5, .exponential = true});
  SimEngines engines(clock, support::Compiled(Thinking(10 * kSecond)), server, {.recycle = true});
  constexpr std::int64_t kHours = 6 * 3600;
  engines.Start(Steady(5, kHours * kSecond), clock.now());
  clock.Run();
  EXPECT_TRUE(engines.idle());
  EXPECT_EQ(engines[0].started, engines[0].completed);
  EXPECT_NEAR(static_cast<double>(engines[0].started), 5.0 * kHours / 10.2, 500);
}

TEST(Trouble, AStopInTheMiddleOfARampEndsTheRunWithNothingInFlight) {
  SimClock clock;
  SimServer server(clock, {.servers = 3, .service = kSecond / 10});
  SimEngines engines(clock, support::Compiled(Thinking(kSecond / 2)), server,
                     {.workers = 3, .threads = 2});
  v1::Plan plan = Steady(0);
  plan.add_points()->set_t_ns((20 * kSecond).count());
  plan.mutable_points(1)->set_users(200);
  engines.Start(plan, clock.now());
  clock.RunFor(kSecond * 10 + kSecond / 3);
  EXPECT_EQ(engines.users(), 103u);
  engines.Stop(clock.now());
  EXPECT_EQ(engines.users(), 0u);
  clock.Run();
  EXPECT_TRUE(engines.idle());
  const stats::EndpointStats total = engines.Total()[0];
  EXPECT_EQ(total.started, total.requests());
  EXPECT_EQ(server.started(), total.started);
  EXPECT_EQ(server.connections(), 0u);
}

TEST(Trouble, WhenAWorkerIsLostOnlyItsUsersStartAgainElsewhere) {
  SimClock clock;
  const Time start = clock.now();
  SimServer server(clock, {.service = kSecond / 10, .keep_log = true});
  SimEngines engines(clock, support::Compiled(Thinking(kSecond)), server,
                     {.workers = 3, .threads = 2});
  v1::Plan proto = Steady(300);
  proto.set_revision(1);
  const plan::Plan before = engines.Owned(proto);
  engines.Start(proto, start);
  clock.RunUntil(start + 5 * kSecond + kSecond / 2);
  ASSERT_EQ(server.connects().size(), 300u);

  engines[2].engine.reset();  // both threads of worker 1
  engines[3].engine.reset();
  clock.RunFor(2 * kSecond);
  plan::Owners owners;
  for (std::uint64_t u = 0; u < before.owner_entries(); ++u) owners.push_back(before.OwnerOf(u));
  plan::Reassign(owners, 1, std::vector<plan::Share>{{0, 1}, {2, 1}});
  proto.set_revision(2);
  proto.mutable_owners()->Assign(owners.begin(), owners.end());
  const plan::Plan after = engines.Owned(proto);
  for (const std::size_t i : {0, 1, 4, 5}) engines[i].engine->Update(after, clock.now());
  clock.RunFor(3 * kSecond);

  std::set<std::uint64_t> moved(server.connects().begin() + 300, server.connects().end());
  std::set<std::uint64_t> lost;
  for (std::uint64_t user = 0; user < 300; ++user) {
    if (before.OwnerOf(user) == 1) lost.insert(user);
  }
  EXPECT_EQ(moved, lost);
  EXPECT_EQ(server.connects().size(), 300 + lost.size());
  std::uint32_t users = 0;
  for (const std::size_t i : {0, 1, 4, 5}) users += engines[i].engine->users();
  EXPECT_EQ(users, 300u);
}

}  // namespace
}  // namespace sfp::engine
