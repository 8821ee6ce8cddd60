// Plans that change all the time: new shapes, workers that go and come, under load.

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "common/base/rng.h"
#include "common/plan/shares.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_engines.h"
#include "tests/support/sim_scenario.h"
#include "tests/support/sim_server.h"

namespace sfp::engine {
namespace {

using support::SimClock;
using support::SimEngines;
using support::SimServer;

constexpr Duration kSecond{1'000'000'000};
constexpr std::uint32_t kWorkers = 3;

v1::Plan RandomPlan(Rng& rng, std::uint64_t revision, const plan::Owners& owners) {
  v1::Plan plan;
  plan.set_revision(revision);
  std::int64_t t = 0;
  for (int i = 0; i < 12; ++i) {
    v1::Plan::Point* point = plan.add_points();
    point->set_t_ns(t);
    point->set_users(static_cast<double>(rng.Below(120)));
    t += static_cast<std::int64_t>(rng.Below(3)) *
         static_cast<std::int64_t>(rng.Below(3'000'000'000));
  }
  plan.mutable_owners()->Assign(owners.begin(), owners.end());
  return plan;
}

TEST(Revisions, UsersFollowTheNewestPlanAndTheBooksStayBalanced) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    Rng rng(seed);
    v1::Scenario scenario = support::BareScenario();
    scenario.mutable_users(0)->mutable_wait()->set_exponential_ns(kSecond.count() / 3);
    support::AddTask(*scenario.mutable_users(0), "t", 1, "/");
    SimClock clock;
    const Time start = clock.now();
    SimServer server(clock,
                     {.servers = 20, .service = kSecond / 8, .exponential = true, .seed = seed});
    SimEngines engines(clock, support::Compiled(scenario), server,
                       {.workers = kWorkers, .threads = 2});
    std::vector<plan::Share> alive{{0, 2}, {1, 2}, {2, 2}};
    plan::Owners owners = plan::BuildOwners(alive);
    v1::Plan proto = RandomPlan(rng, 1, owners);
    engines.Start(proto, start);
    std::map<std::int64_t, std::uint32_t> expected;  // users at whole seconds
    for (std::uint64_t revision = 2; revision < 40; ++revision) {
      const Time until = clock.now() + Duration(static_cast<std::int64_t>(rng.Below(700'000'000)));
      const plan::Plan current = engines.Owned(proto);
      for (std::int64_t s = (clock.now() - start) / kSecond + 1; s <= (until - start) / kSecond;
           ++s) {
        expected[s] = current.UsersAt(s * kSecond);
      }
      clock.RunUntil(until);
      ASSERT_EQ(engines.users(), current.UsersAt(until - start)) << "seed " << seed;
      if (alive.size() == kWorkers) {
        const std::size_t gone = rng.Below(kWorkers);
        const std::uint32_t worker = alive[gone].worker;
        alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(gone));
        plan::Reassign(owners, worker, alive);
      } else {
        std::uint32_t back = 0;
        while (plan::CountOf(owners, back) > 0) ++back;
        alive.push_back({back, 2});
        plan::Join(owners, back, alive);
      }
      if (rng.Below(2) == 0) {
        proto = RandomPlan(rng, revision, owners);
      } else {
        proto.set_revision(revision);
        proto.mutable_owners()->Assign(owners.begin(), owners.end());
      }
      const plan::Plan next = engines.Owned(proto);
      for (const auto& one : engines.all()) one->engine->Update(next, clock.now());
    }
    engines.Stop(clock.now());
    clock.Run();
    ASSERT_TRUE(engines.idle());
    std::map<std::int64_t, std::uint32_t> users;
    for (const auto& one : engines.all()) {
      for (const stats::Interval& interval : one->intervals) {
        if (expected.contains(interval.index + 1)) users[interval.index + 1] += interval.users;
      }
    }
    ASSERT_EQ(users, expected) << "seed " << seed;
    const stats::EndpointStats total = engines.Total()[0];
    ASSERT_EQ(total.started, total.succeeded);
    ASSERT_EQ(total.started, server.answered());
    ASSERT_EQ(server.connections(), 0u);
  }
}

}  // namespace
}  // namespace sfp::engine
