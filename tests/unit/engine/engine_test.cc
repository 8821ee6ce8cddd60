#include "worker/engine/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/sim_world.h"

namespace sfp::engine {
namespace {

using stats::FailureKind;
using support::AddRange;
using support::AddTask;
using support::BareScenario;
using support::Compiled;
using support::SimClock;
using support::SimEngines;
using support::SimReply;
using support::SimServer;
using support::Steady;
using support::TargetOf;
using support::World;
using namespace support::literals;

TEST(Engine, RunsOnStartOnceInOrderThenTasksWithWaitsBetween) {
  v1::Scenario scenario = BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  user.mutable_wait()->set_constant_ns((900_ms).count());
  AddTask(user, "login", 0, "/login");
  AddTask(user, "home", 0, "/home");
  AddTask(user, "work", 1, "/work");
  user.add_on_start("login");
  user.add_on_start("home");
  World world(scenario, {.service = 100_ms});
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 2350_ms);
  // Starts at 0, 100, 200, 1200, 2200 ms: no wait within on_start, nor after it.
  EXPECT_EQ(world.Targets(),
            (std::vector<std::string>{"/login", "/home", "/work", "/work", "/work"}));
  world.clock.RunUntil(world.start + 3_s);
  const auto total = world.engines.Total();
  EXPECT_EQ(total[2].succeeded, 3u);
  EXPECT_EQ(total[2].response.max(), 100_ms);
  EXPECT_TRUE(total[2].intended.count() == 0);
}

TEST(Engine, HandsOutAnIntervalEachSecondAndTheRestBeforeIdle) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((50_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario, {.service = 250_ms});
  world.engines.Start(Steady(3, 2_s), world.start);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  const auto& intervals = world.engines[0].intervals;
  ASSERT_EQ(intervals.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(intervals[i].index, i);
    EXPECT_EQ(intervals[i].begin, i * 1_s);
  }
  EXPECT_EQ(intervals[0].users, 3u);
  EXPECT_EQ(intervals[0].end, 1_s);
  EXPECT_EQ(intervals[1].users, 0u);
  EXPECT_EQ(intervals[1].in_flight, 3u);
  EXPECT_EQ(intervals[2].end, 2050_ms);
  EXPECT_EQ(intervals[2].in_flight, 0u);
  EXPECT_EQ(world.server.connections(), 0u);
}

TEST(Engine, FailuresAreRecordedAndTheUserGoesOnAfterItsWait) {
  v1::Scenario scenario = BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  user.mutable_wait()->set_constant_ns((100_ms).count());
  AddTask(user, "t", 1, "/");
  int n = 0;
  World world(scenario, {.reply = [&n](std::string_view) {
                ++n;
                if (n % 3 == 1) return SimReply{.failure = FailureKind::kReset};
                return SimReply{.status = n % 3 == 2 ? 500 : 200};
              }});
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 1_s);
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.started, 10u);
  EXPECT_EQ(stats.succeeded, 3u);
  EXPECT_EQ(stats.failed, 7u);
  ASSERT_EQ(stats.failures.size(), 2u);
  std::map<FailureKind, std::string> messages;
  for (const auto& [key, row] : stats.failures) messages[key.kind] = key.message;
  EXPECT_EQ(messages[FailureKind::kStatus], "HTTP 500, expected 200..399");
  EXPECT_EQ(messages[FailureKind::kReset], "simulated");
}

// A response that is not as expected: of three answers the second one.
v1::Scenario Expecting(v1::Expect::Otherwise otherwise) {
  v1::Scenario scenario = BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  user.mutable_wait()->set_constant_ns((100_ms).count());
  v1::Task& task = AddTask(user, "t", 1, "/");
  task.mutable_expect()->add_body()->set_contains("good");
  task.mutable_expect()->set_otherwise(otherwise);
  return scenario;
}

SimServer::Options EverySecondBad(int& n) {
  return {.reply = [&n](std::string_view) {
    return SimReply{.body = ++n % 3 == 2 ? "a bad answer" : "a good answer"};
  }};
}

TEST(Engine, AWarningIsASuccessThatIsCountedApart) {
  int n = 0;
  World world(Expecting(v1::Expect::WARN), EverySecondBad(n));
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 1_s);
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.succeeded, 10u);
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_TRUE(stats.failures.empty());
  ASSERT_EQ(stats.warnings.size(), 1u);
  const auto& [key, row] = *stats.warnings.begin();
  EXPECT_EQ(key.kind, FailureKind::kExpectation);
  EXPECT_EQ(key.message, "body 'a bad answer', expected to contain 'good'");
  EXPECT_EQ(row.count, 3u);
}

TEST(Engine, AnExpectationMayEndItsUser) {
  int n = 0;
  World world(Expecting(v1::Expect::STOP), EverySecondBad(n));
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 2_s);
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.succeeded, 1u);
  EXPECT_EQ(stats.failed, 1u);
  EXPECT_EQ(stats.failures.begin()->first.kind, FailureKind::kExpectation);
  EXPECT_EQ(world.server.connections(), 0u);
}

TEST(Engine, ExhaustedRowsMayEndTheirUser) {
  v1::Scenario scenario = BareScenario();
  v1::DataSource& source = *scenario.add_data();
  source.set_name("row");
  source.set_pick(v1::PICK_UNIQUE);
  source.set_exhausted(v1::EXHAUSTED_STOP);
  for (const char* value : {"a", "b", "c"}) source.mutable_values()->add_values(value);
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((100_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/{{row}}");
  World world(scenario, {});
  world.engines.Start(Steady(2), world.start);
  world.clock.RunUntil(world.start + 2_s);
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.succeeded, 3u);
  EXPECT_EQ(stats.skipped, 2u);
  EXPECT_EQ(world.server.connections(), 0u);
}

TEST(Engine, ASkippedTaskIsCountedAndFollowedByTheWait) {
  v1::Scenario scenario = BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  user.mutable_wait()->set_constant_ns((200_ms).count());
  scenario.add_data()->set_name("id");
  scenario.mutable_data(0)->mutable_collected()->set_capacity(1);
  AddTask(user, "t", 1, "/{{id}}");
  World world(scenario);
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 1_s);
  EXPECT_EQ(world.Stats().skipped, 5u);  // at 0, 200 … 800 ms
  EXPECT_EQ(world.Stats().started, 0u);
}

TEST(Engine, ASkippedTaskWithoutWaitDoesNotSpin) {
  v1::Scenario scenario = BareScenario();
  scenario.add_data()->set_name("id");
  scenario.mutable_data(0)->mutable_collected()->set_capacity(1);
  AddTask(*scenario.mutable_users(0), "t", 1, "/{{id}}");
  World world(scenario);
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 1_s);
  EXPECT_EQ(world.Stats().skipped, 100u);
}

TEST(Engine, CollectedValuesServeLaterTasks) {
  v1::Scenario scenario = BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  user.mutable_wait()->set_constant_ns((1_s).count());
  scenario.add_data()->set_name("id");
  scenario.mutable_data(0)->mutable_collected()->set_capacity(10);
  v1::Collect& collect = *AddTask(user, "list", 0, "/list").add_collect();
  collect.set_into("id");
  collect.set_json("/data/*/id");
  AddTask(user, "one", 1, "/one/{{id}}");
  user.add_on_start("list");
  World world(scenario, {.reply = [](std::string_view) {
                return SimReply{.body = R"({"data":[{"id":"42"}]})"};
              }});
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 500_ms);
  EXPECT_EQ(world.Targets(), (std::vector<std::string>{"/list", "/one/42"}));
}

TEST(Engine, EachHopOfARedirectIsARequestOfTheSameEndpoint) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_target()->set_max_redirects(2);
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((10_s).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/a");
  World world(scenario, {.reply = [](std::string_view request) {
                if (TargetOf(request) == "/c") return SimReply{};
                return SimReply{.status = 302, .location = TargetOf(request) == "/a" ? "/b" : "c"};
              }});
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 1_s);
  EXPECT_EQ(world.Targets(), (std::vector<std::string>{"/a", "/b", "/c"}));
  EXPECT_EQ(world.Stats().started, 3u);
  EXPECT_EQ(world.Stats().succeeded, 3u);
}

TEST(Engine, RedirectsWithoutEndAndWithoutUsableLocationFail) {
  for (const std::string_view location : {"/again", "http://elsewhere/", ""}) {
    v1::Scenario scenario = BareScenario();
    scenario.mutable_target()->set_max_redirects(3);
    scenario.mutable_users(0)->mutable_wait()->set_constant_ns((10_s).count());
    AddTask(*scenario.mutable_users(0), "t", 1, "/a");
    World world(scenario, {.reply = [&](std::string_view) {
                  return SimReply{.status = 301, .location = location};
                }});
    world.engines.Start(Steady(1), world.start);
    world.clock.RunUntil(world.start + 1_s);
    EXPECT_EQ(world.Stats().started, location == "/again" ? 4u : 1u);
    ASSERT_EQ(world.Stats().failures.size(), 1u);
    EXPECT_EQ(world.Stats().failures.begin()->first.kind, FailureKind::kRedirects);
  }
}

TEST(Engine, CookiesComeBackWithTheNextRequest) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_target()->set_cookies(true);
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((400_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/a");
  World world(scenario,
              {.reply = [](std::string_view) { return SimReply{.set_cookies = {"k=v; Path=/"}}; }});
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 500_ms);
  ASSERT_EQ(world.server.log().size(), 2u);
  EXPECT_EQ(world.server.log()[0].find("Cookie"), std::string::npos);
  EXPECT_NE(world.server.log()[1].find("Cookie: k=v\r\n"), std::string::npos);
}

TEST(Engine, UsersStartAtTheirExactTimes) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((3600_s).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  std::vector<Duration> starts;
  SimClock* clock = nullptr;
  Time start{};
  World world(scenario, {.reply = [&](std::string_view) {
                starts.push_back(clock->now() - start);
                return SimReply{};
              }});
  clock = &world.clock;
  start = world.start;
  v1::Plan plan = Steady(0);
  plan.add_points()->set_t_ns((1_s).count());
  plan.mutable_points(1)->set_users(8);
  world.engines.Start(plan, start);
  world.clock.RunUntil(start + 2_s);
  ASSERT_EQ(starts.size(), 8u);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(starts[i], (i + 1) * 125_ms);
  EXPECT_EQ(world.engines[0].intervals[0].lag.max(), Duration(0));
}

TEST(Engine, ARampDownRetiresIdleUsersAtOnceAndBusyOnesAfterTheirTask) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_target()->set_max_redirects(1);
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((600_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  // A task is two requests of 300 ms, the second one after the retirement at 200 ms.
  World world(scenario, {.service = 300_ms, .reply = [](std::string_view request) {
                           return TargetOf(request) == "/"
                                      ? SimReply{.status = 302, .location = "/next"}
                                      : SimReply{};
                         }});
  v1::Plan plan = Steady(4);
  for (const auto& [t, users] : {std::pair(200_ms, 4), {200_ms, 1}}) {
    v1::Plan::Point* point = plan.add_points();
    point->set_t_ns(t.count());
    point->set_users(users);
  }
  world.engines.Start(plan, world.start);
  world.clock.RunUntil(world.start + 250_ms);
  EXPECT_EQ(world.engine().users(), 1u);
  EXPECT_EQ(world.engine().in_flight(), 4u);
  world.clock.RunUntil(world.start + 700_ms);
  EXPECT_EQ(world.server.answered(), 8u);
  EXPECT_EQ(world.server.connections(), 1u);
}

TEST(Engine, AUserThatIsWantedAgainBeforeItHasRetiredGoesOn) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((100_ms).count());
  AddRange(scenario, "n", 0, 1'000'000);
  AddTask(*scenario.mutable_users(0), "t", 1, "/{{n}}");
  World world(scenario, {.service = 500_ms});
  v1::Plan plan = Steady(2);
  for (const auto& [t, users] : {std::pair(200_ms, 2), {200_ms, 1}, {300_ms, 1}, {300_ms, 2}}) {
    v1::Plan::Point* point = plan.add_points();
    point->set_t_ns(t.count());
    point->set_users(users);
  }
  world.engines.Start(plan, world.start);
  world.clock.RunUntil(world.start + 700_ms);
  // Iterations 0 and 1 of both users: none has begun anew.
  const auto targets = world.Targets();
  ASSERT_EQ(targets.size(), 4u);
  EXPECT_NE(targets[1], targets[3]);
  EXPECT_EQ(world.engine().users(), 2u);
}

TEST(Engine, StopLetsRequestsFinishButStartsNothing) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((100_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario, {.service = 400_ms});
  world.engines.Start(Steady(5), world.start);
  world.clock.RunUntil(world.start + 200_ms);
  world.engines.Stop(world.clock.now());
  world.engines.Stop(world.clock.now());
  EXPECT_EQ(world.engine().users(), 0u);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  EXPECT_EQ(world.clock.now(), world.start + 400_ms);
  EXPECT_EQ(world.Stats().succeeded, 5u);
}

TEST(Engine, AfterTheStopTimeoutWhatIsInFlightStaysInFlight) {
  v1::Scenario scenario = BareScenario();
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario, {.servers = 2, .service = 1500_ms}, {.stop_timeout = 2_s});
  world.engines.Start(Steady(5), world.start);
  world.clock.RunUntil(world.start + 100_ms);
  world.engines.Stop(world.clock.now());
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  EXPECT_EQ(world.clock.now(), world.start + 2100_ms);
  const auto& last = world.engines[0].intervals.back();
  EXPECT_EQ(last.index, 2u);
  EXPECT_EQ(last.in_flight, 3u);
  EXPECT_EQ(world.Stats().started, 5u);
  EXPECT_EQ(world.Stats().succeeded, 2u);
  EXPECT_EQ(world.server.connections(), 0u);
}

TEST(Engine, ASecondStopCanMakeTheEndSoonerButNotLater) {
  for (const auto& [second, end] : {std::pair(500_ms, 900_ms), std::pair(3000_ms, 2100_ms)}) {
    v1::Scenario scenario = BareScenario();
    AddTask(*scenario.mutable_users(0), "t", 1, "/");
    World world(scenario, {.servers = 2, .service = 10000_ms}, {.stop_timeout = 2_s});
    world.engines.Start(Steady(5), world.start);
    world.clock.RunUntil(world.start + 100_ms);
    world.engines.Stop(world.clock.now());
    world.clock.RunUntil(world.start + 400_ms);
    world.engine().Stop(world.clock.now(), second);
    world.clock.Run();
    EXPECT_TRUE(world.engines.idle());
    EXPECT_EQ(world.clock.now(), world.start + end);
  }
}

TEST(Engine, AStopBeforeTheStartEndsWithoutARequest) {
  v1::Scenario scenario = BareScenario();
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario);
  world.engines.Start(Steady(5), world.start);
  world.engines.Stop(world.clock.now());
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  EXPECT_EQ(world.engines[0].intervals.size(), 1u);
  EXPECT_EQ(world.server.started(), 0u);
}

TEST(Engine, SurvivesDestructionWithExchangesInFlight) {
  v1::Scenario scenario = BareScenario();
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario, {.servers = 1, .service = 10_ms});
  world.engines.Start(Steady(50), world.start);
  world.clock.RunUntil(world.start + 95_ms);
  EXPECT_EQ(world.engine().in_flight(), 50u);
  world.engines[0].engine.reset();
  EXPECT_EQ(world.server.connections(), 0u);
  const std::uint64_t started = world.server.started();
  world.clock.RunFor(1_s);
  EXPECT_EQ(world.server.started(), started);
}

TEST(Engine, ALateStartLeavesOutTheSecondsThatAreOver) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((100_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario);
  v1::Plan plan = Steady(0);
  plan.add_points()->set_t_ns((10_s).count());
  plan.mutable_points(1)->set_users(10);
  const Time start = world.clock.now() - 3500_ms;
  world.engines.Start(plan, start);
  world.clock.RunUntil(start + 5_s);
  const auto& intervals = world.engines[0].intervals;
  ASSERT_EQ(intervals.size(), 2u);
  EXPECT_EQ(intervals[0].index, 3u);
  EXPECT_EQ(intervals[0].begin, 3500_ms);
  EXPECT_EQ(intervals[0].end, 4_s);
  EXPECT_EQ(intervals[0].users, 4u);
  EXPECT_EQ(intervals[0].lag.max(), Duration(0));
}

TEST(Engine, ALateLoopHandsOutEverySecondAndRecordsTheLag) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((10_s).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario);
  v1::Plan plan = Steady(0);
  plan.add_points()->set_t_ns((10_s).count());
  plan.mutable_points(1)->set_users(10);
  world.engines.Start(plan, world.start);
  world.clock.RunUntil(world.start + 500_ms);
  // Nobody looks at the wheel for 3 s.
  Wheel& wheel = world.engines[0].wheel;
  const Time late = world.start + 3500_ms;
  while (wheel.NextDue() <= late) wheel.Advance(late);
  const auto& intervals = world.engines[0].intervals;
  ASSERT_EQ(intervals.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(intervals[i].index, i);
    EXPECT_EQ(intervals[i].users, i + 1);
    EXPECT_EQ(intervals[i].end, 3500_ms);
  }
  EXPECT_GE(intervals[0].lag.max(), 2500_ms);
}

TEST(Engine, OlderRevisionsAreIgnored) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((10_s).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario);
  v1::Plan plan = Steady(3);
  plan.set_revision(2);
  world.engines.Start(plan, world.start);
  world.clock.RunUntil(world.start + 100_ms);
  v1::Plan other = Steady(9);
  other.set_revision(1);
  world.engine().Update(world.engines.Owned(other), world.clock.now());
  EXPECT_EQ(world.engine().users(), 3u);
  other.set_revision(3);
  world.engine().Update(world.engines.Owned(other), world.clock.now());
  EXPECT_EQ(world.engine().users(), 9u);
}

TEST(Engine, UsersPauseAndGoOnUnderOneRevision) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((10_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario);
  const plan::Plan plan = world.engines.Owned(Steady(3));
  world.engines.Start(Steady(3), world.start);
  world.clock.RunUntil(world.start + 100_ms);
  world.engine().Update(plan.Without(plan.OwnerOf(0)), world.clock.now());
  EXPECT_EQ(world.engine().users(), 0u);
  world.clock.RunUntil(world.start + 300_ms);
  const std::uint64_t answered = world.server.answered();
  world.clock.RunUntil(world.start + 600_ms);
  EXPECT_EQ(world.server.answered(), answered);
  world.engine().Update(plan, world.clock.now());
  EXPECT_EQ(world.engine().users(), 3u);
  world.clock.RunUntil(world.start + 900_ms);
  EXPECT_GT(world.server.answered(), answered);
}

TEST(Engine, AUserWithNothingToDoAfterOnStartStaysAUser) {
  v1::Scenario scenario = BareScenario();
  AddTask(*scenario.mutable_users(0), "once", 0, "/");
  scenario.mutable_users(0)->add_on_start("once");
  World world(scenario);
  world.engines.Start(Steady(2, 3_s), world.start);
  world.clock.RunUntil(world.start + 2500_ms);
  EXPECT_EQ(world.server.answered(), 2u);
  EXPECT_EQ(world.engine().users(), 2u);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
}

}  // namespace
}  // namespace sfp::engine
