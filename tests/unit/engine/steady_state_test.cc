// What must not grow: memory per request, memory per user, the stack of a user without waits.

#include <gtest/gtest.h>

#include <cstdint>

#include "common/plan/shape.h"
#include "tests/support/allocations.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_engines.h"
#include "tests/support/sim_scenario.h"
#include "tests/support/sim_server.h"
#include "worker/engine/user.h"

namespace sfp::engine {
namespace {

using support::AddRange;
using support::AddTask;
using support::BareScenario;
using support::SimClock;
using support::SimEngines;
using support::SimReply;
using support::SimServer;
using support::Steady;

constexpr Duration kSecond{1'000'000'000};

// Two data sources, a collected one among them, a failing task, cookies off.
v1::Scenario Busy(Duration wait) {
  v1::Scenario scenario = BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  user.mutable_wait()->mutable_uniform()->set_min_ns(wait.count());
  user.mutable_wait()->mutable_uniform()->set_max_ns(2 * wait.count());
  AddRange(scenario, "term", 201500, 201505);
  scenario.add_data()->set_name("id");
  scenario.mutable_data(1)->mutable_collected()->set_capacity(4);
  v1::Collect& collect = *AddTask(user, "by_term", 2, "?term={{term}}").add_collect();
  collect.set_into("id");
  collect.set_json("/data/*/id");
  AddTask(user, "by_id", 2, "/{{id}}-{{term}}");
  return scenario;
}

TEST(SteadyState, ARequestAllocatesNothing) {
  SimClock clock;
  SimServer server(clock, {.service = Duration(700'000), .reply = [](std::string_view) {
                             return SimReply{.body = R"({"data":[{"id":"931000001"}]})"};
                           }});
  SimEngines engines(clock, support::Compiled(Busy(Duration(5'000'000))), server,
                     {.recycle = true});
  engines.Start(Steady(20), clock.now());
  clock.RunFor(5 * kSecond);
  const std::uint64_t answered = server.answered();
  const std::uint64_t before = test::Allocations();
  clock.RunFor(10 * kSecond);
  EXPECT_EQ(test::Allocations() - before, 0u);
  EXPECT_GT(server.answered() - answered, 20'000u);
}

// Values of its own, groups, repetitions and choices, each twice within each other.
TEST(SteadyState, ATaskOfManyStepsAllocatesNothing) {
  v1::Scenario scenario = Busy(Duration(5'000'000));
  v1::DataSource& own = *scenario.add_data();
  own.set_name("own");
  own.mutable_collected()->set_scope(v1::SCOPE_USER);
  const std::string request = support::RequestStep("r", "/{{own}}/{{term}}/{{id}}",
                                                   "collect { into: 'own' json: '/data/*/id' }");
  support::AddSteps(
      AddTask(*scenario.mutable_users(0), "flow", 20, ""),
      "steps { set { values { name: 'own' value: 'a-value-of-{{term}}-that-is-long' } } } "
      "steps { group { name: 'g' steps { group { name: 'h' steps { repeat { times: 2 steps { "
      "repeat "
      "{ times: 2 until { name: 'own' matches: '^x' } " +
          request + support::ThinkStep(Duration(1'000'000)) +
          " } } } } steps { choice { condition { name: 'own' is: 'y' } then { " +
          "think { constant_ns: 1 } } } } } } } }");
  SimClock clock;
  SimServer server(clock, {.service = Duration(700'000), .reply = [](std::string_view) {
                             return SimReply{.body = R"({"data":[{"id":"931000001"}]})"};
                           }});
  SimEngines engines(clock, support::Compiled(scenario), server, {.recycle = true});
  engines.Start(Steady(20), clock.now());
  clock.RunFor(5 * kSecond);
  const std::uint64_t answered = server.answered();
  const std::uint64_t before = test::Allocations();
  clock.RunFor(10 * kSecond);
  EXPECT_EQ(test::Allocations() - before, 0u);
  EXPECT_GT(server.answered() - answered, 20'000u);
}

TEST(SteadyState, AnArrivalAllocatesNothingServedOrDropped) {
  for (const bool poisson : {false, true}) {
    SimClock clock;
    SimServer server(clock, {.service = Duration(7'000'000), .reply = [](std::string_view) {
                               return SimReply{.body = R"({"data":[{"id":"931000001"}]})"};
                             }});
    SimEngines engines(clock, support::Compiled(Busy(kSecond)), server, {.recycle = true});
    plan::Arrivals shape;
    shape.rate = 2000;
    shape.max_users = 12;
    shape.poisson = poisson;
    engines.Start(plan::Compile(shape), clock.now());
    clock.RunFor(5 * kSecond);
    const std::uint64_t answered = server.answered();
    const std::uint64_t before = test::Allocations();
    clock.RunFor(10 * kSecond);
    EXPECT_EQ(test::Allocations() - before, 0u);
    EXPECT_GT(server.answered() - answered, 13'000u);
    EXPECT_LT(server.answered() - answered, 19'000u);
  }
}

TEST(SteadyState, AUserIsSmall) {
  SimClock clock;
  SimServer server(clock, {});
  SimEngines engines(clock, support::Compiled(Busy(60 * kSecond)), server, {});
  constexpr std::uint32_t kUsers = 1000;
  engines.Start(Steady(kUsers), clock.now());
  const std::uint64_t before = test::AllocatedBytes();
  clock.RunFor(kSecond / 2);
  const double each = static_cast<double>(test::AllocatedBytes() - before) / kUsers;
  RecordProperty("user_bytes", static_cast<int>(sizeof(User)));
  RecordProperty("bytes_with_frame_and_simulated_connection", static_cast<int>(each));
  EXPECT_EQ(engines.users(), kUsers);
  EXPECT_LE(sizeof(User), 400u);
  EXPECT_LE(each, 1024.0);  // the simulated connection has about 200 of them
}

TEST(SteadyState, ManyIterationsWithoutWaitDoNotNest) {
  v1::Scenario scenario = BareScenario();
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  constexpr std::uint64_t kIterations = 200'000;  // a few bytes each would overflow a stack
  SimClock clock;
  std::uint64_t requests = 0;
  std::uintptr_t lowest = ~std::uintptr_t{0};
  std::uintptr_t highest = 0;
  SimEngines* engines = nullptr;
  SimServer server(clock, {.reply = [&](std::string_view) {
                     const char here = 0;
                     const auto at = reinterpret_cast<std::uintptr_t>(&here);
                     lowest = std::min(lowest, at);
                     highest = std::max(highest, at);
                     if (++requests == kIterations) engines->Stop(clock.now());
                     return SimReply{};
                   }});
  SimEngines all(clock, support::Compiled(scenario), server, {});
  engines = &all;
  all.Start(Steady(1), clock.now());
  clock.Run();
  EXPECT_EQ(requests, kIterations);
  EXPECT_EQ(all.Total()[0].succeeded, kIterations);
  EXPECT_LT(highest - lowest, 4096u);
}

}  // namespace
}  // namespace sfp::engine
