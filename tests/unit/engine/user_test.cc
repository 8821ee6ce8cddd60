#include "worker/engine/user.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "common/plan/shape.h"
#include "tests/support/sim_world.h"

namespace sfp::engine {
namespace {

using support::AddRange;
using support::AddTask;
using support::BareScenario;
using support::SimReply;
using support::Steady;
using support::World;
using namespace support::literals;

v1::Scenario Paced(Duration pacing) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_pacing_ns(pacing.count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  return scenario;
}

TEST(Pacing, KeepsItsGridWhileTheUserKeepsUp) {
  World world(Paced(100_ms), {.service = 30_ms});
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 1_s);
  EXPECT_EQ(world.Stats().started, 10u);
  EXPECT_EQ(world.Stats().intended.max(), 30_ms);
  EXPECT_EQ(world.Stats().intended.count(), 10u);
}

TEST(Pacing, AUserThatFellBehindCatchesUpAndItsGridDoesNotSlide) {
  int n = 0;
  World world(Paced(100_ms),
              {.service_of = [&n](std::string_view) { return ++n == 2 ? 450_ms : 30_ms; }});
  world.engines.Start(Steady(1), world.start);
  world.clock.RunUntil(world.start + 1_s);
  // Wanted at 61.8, 161.8 (until 611.8), 261.8, 361.8 … 961.8 ms: from 611.8 on one starts behind
  // the other until the one wanted at 761.8.
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.started, 10u);
  EXPECT_EQ(stats.response.max(), 450_ms);
  std::vector<std::int64_t> late;
  for (const double q : {0.55, 0.65, 0.75, 0.85, 0.95}) {
    late.push_back(*stats.intended.Quantile(q) / 1_ms);
  }
  // Nine are done: response 30 (three of them), then 611.8 + 30 k − (161.8 + 100 k) and the 450.
  EXPECT_EQ(late, (std::vector<std::int64_t>{170, 240, 310, 380, 450}));
}

TEST(Pacing, UsersWhoStartTogetherStayApart) {
  std::vector<Duration> starts;
  support::SimClock* clock = nullptr;
  Time start{};
  World world(Paced(50_ms), {.reply = [&](std::string_view) {
                starts.push_back(clock->now() - start);
                return SimReply{};
              }});
  clock = &world.clock;
  start = world.start;
  world.engines.Start(Steady(100), start);
  world.clock.RunUntil(start + 50_ms);
  ASSERT_EQ(starts.size(), 100u);
  // Evenly they would lie 0.5 ms apart; by the golden ratio no gap is wider than twice that.
  Duration least = 50_ms, most{0};
  for (std::size_t i = 1; i < starts.size(); ++i) {
    least = std::min(least, starts[i] - starts[i - 1]);
    most = std::max(most, starts[i] - starts[i - 1]);
  }
  EXPECT_GT(least, 150_ms / 1000);
  EXPECT_LT(most, 1_ms);
  world.clock.RunUntil(start + 1_s);
  EXPECT_EQ(world.Stats().started, 2000u);
}

v1::Scenario WithLogout() {
  v1::Scenario scenario = BareScenario();
  v1::UserClass& user = *scenario.mutable_users(0);
  user.mutable_wait()->set_constant_ns((300_ms).count());
  AddRange(scenario, "n", 0, 1'000'000);
  AddTask(user, "login", 0, "/login");
  AddTask(user, "work", 1, "/work");
  AddTask(user, "logout", 0, "/logout");
  AddTask(user, "bye", 0, "/bye");
  user.add_on_start("login");
  user.add_on_stop("logout");
  user.add_on_stop("bye");
  return scenario;
}

v1::Plan Points(std::vector<std::pair<Duration, double>> points, Duration end = Duration(0)) {
  v1::Plan plan;
  for (const auto& [t, users] : points) {
    plan.add_points()->set_t_ns(t.count());
    plan.mutable_points(plan.points_size() - 1)->set_users(users);
  }
  plan.set_end_ns(end.count());
  plan.set_most_users(10);
  return plan;
}

v1::Scenario WithRetry() {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_target()->set_retry_stale(true);
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns(Duration(100_ms).count());
  AddTask(*scenario.mutable_users(0), "read", 1, "/read");
  return scenario;
}

TEST(Retry, ARequestThatMetAClosedConnectionIsMadeOnceMoreAndBothCount) {
  int n = 0;
  World world(WithRetry(), {.service = 10_ms, .reply = [&n](std::string_view) {
                              ++n;
                              const bool fails = n == 2 || n == 5 || n == 6;
                              return SimReply{.failure = fails ? stats::FailureKind::kReset
                                                               : stats::FailureKind::kNone,
                                              .stale = true};
                            }});
  world.engines.Start(Steady(1, 1_s), world.start);
  world.clock.Run();
  ASSERT_EQ(world.engines.Total().size(), 2u);
  EXPECT_EQ(world.Stats(0).failed, 2u);
  EXPECT_EQ(world.Stats(1).started, 2u);
  EXPECT_EQ(world.Stats(1).succeeded, 1u);
  EXPECT_EQ(world.Stats(1).failed, 1u);
  std::uint64_t iterations = 0;
  for (const auto& interval : world.engines[0].intervals) iterations += interval.iterations;
  EXPECT_EQ(iterations, world.Stats(0).requests());
}

TEST(Retry, OtherFailuresAndOtherMethodsAreNotMadeAgain) {
  for (const bool post : {true, false}) {
    v1::Scenario scenario = WithRetry();
    if (post) scenario.mutable_users(0)->mutable_tasks(0)->set_method("POST");
    World world(scenario, {.service = 10_ms, .reply = [post](std::string_view) {
                             return SimReply{.failure = stats::FailureKind::kReset, .stale = post};
                           }});
    world.engines.Start(Steady(1, 1_s), world.start);
    world.clock.Run();
    EXPECT_GT(world.Stats(0).failed, 5u);
    for (std::size_t i = 1; i < world.engines.Total().size(); ++i) {
      EXPECT_EQ(world.Stats(i).started, 0u);
    }
  }
}

TEST(OnStop, RunsInOrderWhenTheRunEndsAndIsRecorded) {
  World world(WithLogout(), {.service = 100_ms});
  // At the end the user thinks: it wakes at once.
  world.engines.Start(Steady(1, 700_ms), world.start);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  EXPECT_EQ(world.Targets(),
            (std::vector<std::string>{"/login", "/work", "/work", "/logout", "/bye"}));
  EXPECT_EQ(world.engines[0].intervals.back().end, 900_ms);
  EXPECT_EQ(world.engines.Total()[2].succeeded, 1u);
  EXPECT_EQ(world.engines.Total()[3].succeeded, 1u);
  EXPECT_EQ(world.server.connections(), 0u);
  std::uint64_t iterations = 0;
  for (const auto& interval : world.engines[0].intervals) iterations += interval.iterations;
  EXPECT_EQ(iterations, 2u);
}

TEST(OnStop, FollowsTheTaskUnderWay) {
  World world(WithLogout(), {.service = 100_ms});
  world.engines.Start(Steady(1, 150_ms), world.start);
  world.clock.Run();
  EXPECT_EQ(world.Targets(), (std::vector<std::string>{"/login", "/work", "/logout", "/bye"}));
}

TEST(OnStop, RunsForUsersThatThePlanRetires) {
  World world(WithLogout(), {.service = 100_ms});
  world.engines.Start(Points({{0_s, 3}, {250_ms, 3}, {250_ms, 1}}), world.start);
  world.clock.RunUntil(world.start + 240_ms);
  EXPECT_EQ(world.engine().users(), 3u);
  world.clock.RunUntil(world.start + 500_ms);
  EXPECT_EQ(world.engine().users(), 1u);
  const auto targets = world.Targets();
  EXPECT_EQ(std::count(targets.begin(), targets.end(), "/logout"), 2);
  EXPECT_EQ(std::count(targets.begin(), targets.end(), "/bye"), 2);
  EXPECT_EQ(world.server.connections(), 1u);
}

TEST(OnStop, WhatTakesLongerThanTheStopTimeoutIsAbandonedInFlight) {
  World world(WithLogout(),
              {.service_of =
                   [](std::string_view request) {
                     return request.find("logout") != request.npos ? 10_s : 100_ms;
                   }},
              {.stop_timeout = 1_s});
  world.engines.Start(Steady(2, 250_ms), world.start);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  EXPECT_EQ(world.engines[0].intervals.back().in_flight, 2u);
  EXPECT_EQ(world.engines.Total()[2].started, 2u);
  EXPECT_EQ(world.server.connections(), 0u);
  // Both began when they were told to leave, a second before they were given up.
  const stats::Histogram ages = world.engines.Total()[2].unanswered;
  ASSERT_EQ(ages.count(), 2u);
  EXPECT_NEAR(Seconds(*ages.max()), 1, 0.11);
  EXPECT_NEAR(Seconds(*ages.min()), 1, 0.11);
}

TEST(User, ARequestGivenUpAtTheEndOfTheRunHasItsAge) {
  World world(WithLogout(), {.service = 60_s}, {.stop_timeout = 1_s});
  world.engines.Start(Steady(20, 30_s), world.start);
  world.clock.Run();
  const stats::EndpointStats stats = [&] {
    stats::EndpointStats all;
    for (const stats::EndpointStats& each : world.engines.Total()) all.Merge(each);
    return all;
  }();
  EXPECT_EQ(stats.started, 20u);
  EXPECT_EQ(stats.requests(), 0u);
  EXPECT_EQ(world.engines[0].intervals.back().in_flight, 20u);
  EXPECT_EQ(stats.unanswered.count(), 20u);
  EXPECT_NEAR(Seconds(*stats.unanswered.min()), 31, 1.01);
}

TEST(OnStop, AUserThatNeverBeganHasNothingToLeave) {
  v1::Scenario scenario = WithLogout();
  scenario.mutable_users(0)->clear_on_start();
  scenario.mutable_users(0)->mutable_wait()->set_pacing_ns((1_s).count());
  World world(scenario);
  world.engines.Start(Steady(1, 500_ms), world.start);  // its first start is at 618 ms
  world.clock.Run();
  EXPECT_TRUE(world.Targets().empty());
}

TEST(OnStop, AUserWantedAgainBeforeItsLeaveGoesOnAndAfterItBeginsAnew) {
  World world(WithLogout(), {.service = 100_ms});
  // Retired at 250 ms while it thinks, wanted again at once; retired at 560 ms, wanted at 600 ms,
  // in the middle of the logout.
  world.engines.Start(Points({{0_s, 1},
                              {250_ms, 1},
                              {250_ms, 0},
                              {250_ms, 1},
                              {560_ms, 1},
                              {560_ms, 0},
                              {600_ms, 0},
                              {600_ms, 1}}),
                      world.start);
  world.clock.RunUntil(world.start + 1050_ms);
  EXPECT_EQ(world.Targets(), (std::vector<std::string>{"/login", "/work", "/work", "/logout",
                                                       "/bye", "/login", "/work"}));
  EXPECT_EQ(world.server.connections(), 1u);
  EXPECT_EQ(world.engine().users(), 1u);
}

TEST(OnStop, ItsRedirectsAreFollowedAtTheEndOfTheRun) {
  v1::Scenario scenario = WithLogout();
  scenario.mutable_target()->set_max_redirects(3);
  World world(scenario, {.service = 100_ms, .reply = [](std::string_view request) {
                           return request.find("logout") != request.npos
                                      ? SimReply{.status = 302, .location = "/home"}
                                      : SimReply{};
                         }});
  world.engines.Start(Steady(1, 250_ms), world.start);
  world.clock.Run();
  EXPECT_EQ(world.Targets(),
            (std::vector<std::string>{"/login", "/work", "/logout", "/home", "/bye"}));
}

v1::Plan Limited(std::uint32_t users, std::uint64_t iterations) {
  v1::Plan plan = Steady(users);
  plan.set_iterations(iterations);
  return plan;
}

TEST(Iterations, AreSharedExactlyAndTheRunEndsByItself) {
  for (const std::uint64_t iterations : {1, 7, 10, 1003}) {
    v1::Scenario scenario = BareScenario();
    AddRange(scenario, "n", 0, 1'000'000'000);
    AddTask(*scenario.mutable_users(0), "once", 0, "/once");
    AddTask(*scenario.mutable_users(0), "t", 1, "/{{n}}");
    scenario.mutable_users(0)->add_on_start("once");
    std::vector<std::vector<std::string>> requests;
    for (const std::uint32_t workers : {1, 2, 7}) {
      World world(scenario, {.service = 10_ms}, {.workers = workers, .threads = 2});
      world.engines.Start(Limited(10, iterations), world.start);
      world.clock.Run();
      ASSERT_TRUE(world.engines.idle()) << workers;
      EXPECT_EQ(world.engines.Total()[1].succeeded, iterations);
      std::uint64_t counted = 0;
      for (const auto& one : world.engines.all()) {
        for (const auto& interval : one->intervals) counted += interval.iterations;
      }
      EXPECT_EQ(counted, iterations);
      requests.push_back(world.Targets());
      std::sort(requests.back().begin(), requests.back().end());
    }
    EXPECT_EQ(requests[0], requests[1]);
    EXPECT_EQ(requests[0], requests[2]);
  }
}

TEST(Iterations, SkippedTasksCountAndTheirUsersLeaveInOrder) {
  v1::Scenario scenario = WithLogout();
  v1::DataSource& never = *scenario.add_data();
  never.set_name("never");
  never.mutable_collected()->set_capacity(1);
  scenario.mutable_users(0)->mutable_tasks(1)->set_path("/{{never}}");
  World world(scenario, {.service = 10_ms});
  world.engines.Start(Limited(2, 5), world.start);
  world.clock.Run();
  ASSERT_TRUE(world.engines.idle());
  EXPECT_EQ(world.engines.Total()[1].skipped, 5u);
  EXPECT_EQ(world.engines.Total()[3].succeeded, 2u);
}

TEST(Iterations, ANewRevisionDoesNotBeginThemAnew) {
  World world(WithLogout(), {.service = 10_ms});
  v1::Plan plan = Limited(4, 4);
  world.engines.Start(plan, world.start);
  world.clock.RunUntil(world.start + 35_ms);
  plan.set_revision(2);
  world.engine().Update(world.engines.Owned(plan), world.clock.now());
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  EXPECT_EQ(world.engines.Total()[1].succeeded, 4u);
}

// 5000 wake-ups a second, whose times are spread over it, end up at a few on a grid of half a
// millisecond; what that costs in time is lag, and the requests are none fewer.
TEST(User, ManyThinkersWakeUpTogetherLateByLessThanTheGrid) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->mutable_uniform()->set_min_ns((900_ms).count());
  scenario.mutable_users(0)->mutable_wait()->mutable_uniform()->set_max_ns((1100_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario);
  world.engines.Start(Steady(5000), world.start);
  world.clock.RunUntil(world.start + 5_s);
  const auto& intervals = world.engines[0].intervals;
  ASSERT_GE(intervals.size(), 5u);
  EXPECT_EQ(intervals[0].lag.max(), Duration(0));
  EXPECT_GT(intervals[3].lag.max(), 400_us);
  EXPECT_LE(intervals[3].lag.max(), UserContext::kWidestGrid);
  EXPECT_NEAR(static_cast<double>(intervals[3].endpoints[0].started), 5000, 100);
}

TEST(User, TheGridIsNarrowWhereManyWakeUpAndNoneWhereFewDo) {
  EXPECT_EQ(UserContext::GridFor(1999), Duration(0));
  EXPECT_EQ(UserContext::GridFor(2000), 750_us);
  EXPECT_EQ(UserContext::GridFor(8000), 750_us);
  EXPECT_EQ(UserContext::GridFor(40'000), 150_us);
}

// Five users whose short think time such a grid would stretch by a half.
TEST(User, ShortThinkTimesAreKeptExactly) {
  v1::Scenario scenario = BareScenario();
  scenario.mutable_users(0)->mutable_wait()->set_constant_ns((1_ms).count());
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  World world(scenario, {.service = 10_us});
  world.engines.Start(Steady(5), world.start);
  world.clock.RunUntil(world.start + 4_s);
  const auto& intervals = world.engines[0].intervals;
  ASSERT_GE(intervals.size(), 4u);
  EXPECT_GE(intervals[2].lag.count(), 2000u);
  EXPECT_EQ(intervals[2].lag.max(), Duration(0));
}

}  // namespace
}  // namespace sfp::engine
