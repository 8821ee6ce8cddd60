// Tasks of several steps: choices, repetitions, groups, pauses.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "common/plan/shape.h"
#include "tests/support/sim_world.h"
#include "worker/engine/user.h"

namespace sfp::engine {
namespace {

using support::AddRange;
using support::AddSteps;
using support::AddTask;
using support::BareScenario;
using support::RequestStep;
using support::SimReply;
using support::Steady;
using support::ThinkStep;
using support::World;
using namespace support::literals;

v1::Scenario WithSteps(const std::string& steps, Duration wait = 300_ms) {
  v1::Scenario scenario = BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  user.mutable_wait()->set_constant_ns(wait.count());
  AddRange(scenario, "n", 0, 1'000'000);
  v1::DataSource& own = *scenario.add_data();
  own.set_name("own");
  own.mutable_collected()->set_scope(v1::SCOPE_USER);
  AddSteps(AddTask(user, "flow", 1, ""), steps);
  return scenario;
}

TEST(Steps, FollowOneAnotherAndPausesLieBetweenThem) {
  World world(WithSteps(RequestStep("a", "/a") + ThinkStep(50_ms) + RequestStep("b", "/b")),
              {.service = 10_ms});
  // 10 + 50 + 10, and the wait: an iteration begins each 370 ms.
  world.engines.Start(Steady(1, 3 * 370_ms - 1_ms), world.start);
  world.clock.Run();
  EXPECT_EQ(world.Targets(), (std::vector<std::string>{"/a", "/b", "/a", "/b", "/a", "/b"}));
  EXPECT_EQ(world.Stats(0).succeeded, 3u);
  EXPECT_EQ(world.Stats(1).succeeded, 3u);
  EXPECT_EQ(world.Iterations(), 3u);
}

TEST(Steps, AFailureEndsTheTaskAndFailsTheGroupsAroundIt) {
  int n = 0;
  World world(WithSteps("steps { group { name: 'outer' " + RequestStep("a", "/a") +
                        "steps { group { name: 'inner' " + RequestStep("b", "/b") + " } } " +
                        RequestStep("c", "/c") + " } }"),
              {.service = 10_ms, .reply = [&n](std::string_view request) {
                 return SimReply{.status = request.starts_with("GET /b") && ++n == 2 ? 500 : 200};
               }});
  world.engines.Start(Steady(1, 900_ms), world.start);
  world.clock.Run();
  EXPECT_EQ(world.Targets(),
            (std::vector<std::string>{"/a", "/b", "/c", "/a", "/b", "/a", "/b", "/c"}));
  const auto total = world.engines.Total();  // in the order in which they are named
  EXPECT_EQ(total[0].succeeded, 2u);         // outer
  EXPECT_EQ(total[0].failed, 1u);
  EXPECT_EQ(total[0].response.max(), 30_ms);
  EXPECT_EQ(total[0].response.min(), 20_ms);
  EXPECT_EQ(total[2].succeeded, 2u);  // inner
  EXPECT_EQ(total[2].failed, 1u);
  EXPECT_EQ(total[3].failed, 1u);
  EXPECT_EQ(total[4].started, 2u);
  EXPECT_EQ(world.Iterations(), 3u);
  // What the master gets is whole.
  for (const stats::Interval& interval : world.engines[0].intervals) {
    v1::Snapshot snapshot;
    stats::ToProto(interval, snapshot);
    const auto read = stats::FromProto(snapshot, interval.endpoints.size());
    EXPECT_TRUE(read.ok()) << read.status();
  }
}

TEST(Steps, WhatOneCollectsTheNextOnesSendAndEachUserHasItsOwn) {
  std::deque<std::string> bodies;
  World world(
      WithSteps(RequestStep("login", "/login/{{n}}", "collect { into: 'own' json: '/token' }") +
                "steps { set { values { name: 'own' value: 'x-{{own}}' } } } " +
                RequestStep("me", "/me/{{own}}/{{n}}")),
      {.service = 10_ms, .reply = [&](std::string_view request) {
         const std::string target = support::TargetOf(request);
         if (target.starts_with("/login/")) {
           bodies.push_back("{\"token\":\"" + target.substr(7) + "\"}");
           return SimReply{.body = bodies.back()};
         }
         const std::string n = target.substr(target.rfind('/') + 1);
         return SimReply{.status = target == "/me/x-" + n + "/" + n ? 200 : 500};
       }});
  world.engines.Start(Steady(5, 2_s), world.start);
  world.clock.Run();
  EXPECT_GT(world.Stats(1).succeeded, 20u);
  EXPECT_EQ(world.Stats(1).failed, 0u);
}

TEST(Steps, ChoicesGoByTheLastStatusAndByValues) {
  int n = 0;
  World world(
      WithSteps(
          "steps { choice { condition { name: 'own' negated: true } then { request { name: "
          "'first' method: 'GET' path: '/first' collect { into: 'own' json: '/kind' } } } "
          "otherwise { request { name: 'again' method: 'GET' path: '/again' expect { status { "
          "first: 200 last: 404 } } } } } } "
          "steps { choice { condition { status { status { first: 404 last: 404 } } } then { "
          "set { values { name: 'own' value: 'old' } } } } } "
          "steps { choice { condition { name: 'own' is: 'old' } then { request { name: 'old' "
          "method: 'GET' path: '/old' } } } } "
          "steps { choice { condition { name: 'own' matches: '^n.w$' } then { request { name: "
          "'new' method: 'GET' path: '/new' } } } }"),
      {.service = 10_ms, .reply = [&n](std::string_view request) {
         const bool again = request.starts_with("GET /again");
         return SimReply{.status = again && ++n == 2 ? 404 : 200, .body = R"({"kind":"new"})"};
       }});
  world.engines.Start(Steady(1, 1250_ms), world.start);
  world.clock.Run();
  EXPECT_EQ(world.Targets(), (std::vector<std::string>{"/first", "/new", "/again", "/new", "/again",
                                                       "/old", "/again", "/old"}));
}

TEST(Steps, ARepetitionEndsAtItsBoundOrWhenItsConditionHolds) {
  int n = 0;
  World world(
      WithSteps("steps { repeat { times: 4 until { status { status { first: 201 last: 201 } "
                "} } steps { repeat { times: 2 " +
                RequestStep("poll", "/poll") + " } } " + ThinkStep(5_ms) + " } } " +
                RequestStep("done", "/done")),
      {.service = 10_ms,
       .reply = [&n](std::string_view) { return SimReply{.status = ++n == 4 ? 201 : 200}; }});
  world.engines.Start(Steady(1, 500_ms), world.start);
  world.clock.Run();
  // Two rounds of two, then, since no status is 201 any more, four.
  EXPECT_EQ(world.Stats(0).succeeded, 4u + 8u);
  EXPECT_EQ(world.Stats(1).succeeded, 2u);
}

TEST(Steps, AGroupLastsFromItsFirstStepToItsLastPausesIncluded) {
  World world(WithSteps(RequestStep("before", "/") + "steps { group { name: 'pay' " +
                        RequestStep("a", "/a") + ThinkStep(50_ms) + RequestStep("b", "/b") + "} }"),
              {.service = 10_ms});
  world.engines.Start(Steady(2, 1_s), world.start);
  world.clock.Run();
  const stats::EndpointStats pay = world.Stats(1);
  EXPECT_EQ(world.engines.Total().size(), 4u);
  EXPECT_EQ(pay.started, pay.succeeded);
  EXPECT_EQ(pay.succeeded, world.Stats(3).succeeded);
  EXPECT_EQ(pay.response.min(), 70_ms);
  EXPECT_EQ(pay.response.max(), 70_ms);
  EXPECT_EQ(world.server.answered(), 3 * pay.succeeded);
}

TEST(Steps, ALackingValueSkipsTheStepAndEndsTheTask) {
  World world(
      WithSteps(RequestStep("a", "/a") + RequestStep("b", "/{{own}}") + RequestStep("c", "/c")),
      {.service = 10_ms});
  world.engines.Start(Steady(1, 900_ms), world.start);
  world.clock.Run();
  EXPECT_EQ(world.Stats(0).succeeded, 3u);
  EXPECT_EQ(world.Stats(1).skipped, 3u);
  EXPECT_EQ(world.Stats(1).started + world.Stats(2).started + world.Stats(2).skipped, 0u);
}

TEST(Steps, AUserThatRetiresBreaksItsTaskOffAndDoesAllOfOnStop) {
  v1::Scenario scenario = WithSteps("steps { group { name: 'g' " + RequestStep("a", "/a") +
                                    ThinkStep(10_s) + RequestStep("b", "/b") + "} }");
  v1::UserClass& user = *scenario.mutable_users(0);
  AddSteps(AddTask(user, "bye", 0, ""),
           RequestStep("c", "/c") + ThinkStep(100_ms) + RequestStep("d", "/d"));
  user.add_on_stop("bye");
  for (const bool says_goodbye : {true, false}) {
    if (!says_goodbye) user.clear_on_stop();
    World world(scenario, {.service = 10_ms});
    world.engines.Start(Steady(1, 2_s), world.start);
    world.clock.Run();
    EXPECT_EQ(world.Targets(), says_goodbye ? (std::vector<std::string>{"/a", "/c", "/d"})
                                            : std::vector<std::string>{"/a"});
    EXPECT_EQ(world.engines[0].intervals.back().end, says_goodbye ? 2120_ms : 2_s);
    EXPECT_EQ(world.Stats(0).skipped, 1u);  // the group, which never ended
    EXPECT_EQ(world.Stats(0).started, 0u);
    EXPECT_EQ(world.Iterations(), 0u);
  }
}

TEST(Steps, ATaskWithoutARequestOnItsWayDoesNotSpin) {
  World world(WithSteps("steps { choice { condition { name: 'own' } then { request { name: 'r' "
                        "method: 'GET' path: '/' } } } }",
                        Duration(0)),
              {});
  world.engines.Start(Steady(1, 1_s), world.start);
  world.clock.Run();
  EXPECT_EQ(world.server.started(), 0u);
  EXPECT_EQ(world.Iterations(), 100u);
}

TEST(Steps, RedirectsAndRetriesBelongToTheirStep) {
  v1::Scenario scenario =
      WithSteps(RequestStep("a", "/a") + RequestStep("b", "/b") + RequestStep("c", "/c"));
  scenario.mutable_target()->set_max_redirects(3);
  scenario.mutable_target()->set_retry_stale(true);
  int n = 0;
  World world(scenario, {.service = 10_ms, .reply = [&n](std::string_view request) {
                           const bool fails = request.starts_with("GET /b") && ++n == 1;
                           const bool moved = request.starts_with("GET /a ");
                           return SimReply{.status = moved ? 302 : 200,
                                           .location = moved ? "/a2" : "",
                                           .failure = fails ? stats::FailureKind::kReset
                                                            : stats::FailureKind::kNone,
                                           .stale = true};
                         }});
  world.engines.Start(Steady(1, 650_ms), world.start);
  world.clock.Run();
  // With the request that is made again, and succeeds, the task goes on.
  EXPECT_EQ(world.Targets(),
            (std::vector<std::string>{"/a", "/a2", "/b", "/b", "/c", "/a", "/a2", "/b", "/c"}));
  EXPECT_EQ(world.Stats(0).succeeded, 4u);
  EXPECT_EQ(world.Iterations(), 2u);
}

TEST(Steps, WhoRetiresByItselfIsCountedAndNotReplaced) {
  v1::Scenario scenario = WithSteps(RequestStep("a", "/{{row}}"), 10_ms);
  AddRange(scenario, "row", 0, 4, v1::PICK_UNIQUE);
  scenario.mutable_data(2)->set_exhausted(v1::EXHAUSTED_STOP);
  World world(scenario, {.service = 10_ms});
  world.engines.Start(Steady(2, 3_s), world.start);
  world.clock.Run();
  std::uint64_t stopped = 0;
  for (const auto& interval : world.engines[0].intervals) stopped += interval.users_stopped;
  EXPECT_EQ(stopped, 2u);
  EXPECT_EQ(world.server.answered(), 5u);
  EXPECT_EQ(world.engines[0].intervals[0].users, 0u);
  EXPECT_EQ(world.engines[0].intervals.back().end, 3_s);
}

TEST(Steps, SendTheSameForAnyNumberOfWorkers) {
  v1::Scenario scenario = WithSteps(
      RequestStep("a", "/a/{{n}}") + "steps { think { uniform { min_ns: 0 max_ns: 9000000 } } } " +
          "steps { repeat { times: 2 " + RequestStep("b", "/b/{{n}}/{{m}}") + " } }",
      Duration(0));
  AddRange(scenario, "m", 0, 1'000'000);
  std::vector<std::vector<std::string>> requests;
  for (const auto& [workers, threads] : {std::pair{1, 1}, {2, 1}, {3, 2}}) {
    World world(scenario, {.service = 10_ms},
                {.workers = static_cast<std::uint32_t>(workers),
                 .threads = static_cast<std::uint32_t>(threads)});
    v1::Plan plan = Steady(7);
    plan.set_iterations(70);
    world.engines.Start(plan, world.start);
    world.clock.Run();
    requests.push_back(world.Targets());
    std::sort(requests.back().begin(), requests.back().end());
  }
  EXPECT_EQ(requests[0].size(), 210u);
  EXPECT_EQ(requests[0], requests[1]);
  EXPECT_EQ(requests[0], requests[2]);
}

TEST(Steps, AnArrivalKeepsItsUserBusyForAllOfThem) {
  World world(WithSteps(RequestStep("a", "/a") + ThinkStep(50_ms) + RequestStep("b", "/b")),
              {.service = 10_ms});
  plan::Arrivals shape;
  shape.rate = 10;
  shape.max_users = 1;
  shape.run_time = 2_s;
  world.engines.Start(plan::Compile(shape), world.start);
  world.clock.Run();
  // Each takes 70 of the 100 ms between two.
  EXPECT_EQ(world.Stats(0).succeeded, 20u);
  EXPECT_EQ(world.Stats(0).dropped, 0u);
  EXPECT_EQ(world.Stats(0).intended.count(), 20u);
  EXPECT_EQ(world.Stats(1).intended.count(), 0u);

  shape.rate = 20;  // 50 ms apart: every other one finds the user busy
  World busy(WithSteps(RequestStep("a", "/a") + ThinkStep(50_ms) + RequestStep("b", "/b")),
             {.service = 10_ms});
  busy.engines.Start(plan::Compile(shape), busy.start);
  busy.clock.Run();
  EXPECT_EQ(busy.Stats(0).succeeded, 20u);
  EXPECT_EQ(busy.Stats(0).dropped, 20u);
}

}  // namespace
}  // namespace sfp::engine
