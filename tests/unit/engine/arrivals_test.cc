#include "worker/engine/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "common/plan/shape.h"
#include "tests/support/sim_world.h"

namespace sfp::engine {
namespace {

using support::AddRange;
using support::AddTask;
using support::BareScenario;
using support::World;
using namespace support::literals;

v1::Plan Arriving(double rate, std::uint32_t max_users, Duration end, bool poisson = false) {
  plan::Arrivals shape;
  shape.rate = rate;
  shape.max_users = max_users;
  shape.run_time = end;
  shape.poisson = poisson;
  return plan::Compile(shape);
}

v1::Scenario OneTask() {
  v1::Scenario scenario = BareScenario();
  AddTask(*scenario.mutable_users(0), "t", 1, "/");
  return scenario;
}

TEST(Arrivals, StartAtTheirPlannedMomentsAndNoneIsLost) {
  std::vector<Duration> starts;
  support::SimClock* clock = nullptr;
  Time start{};
  World world(OneTask(), {.service = 30_ms, .reply = [&](std::string_view) {
                            starts.push_back(clock->now() - start);
                            return support::SimReply{};
                          }});
  clock = &world.clock;
  start = world.start;
  world.engines.Start(Arriving(200, 2000, 3_s), start);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  ASSERT_EQ(starts.size(), 600u);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    ASSERT_EQ(starts[i], static_cast<std::int64_t>(i) * 5_ms);
  }
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.succeeded, 600u);
  EXPECT_EQ(stats.dropped, 0u);
  // On time, the intended response time is the response time.
  EXPECT_EQ(stats.intended, stats.response);
  EXPECT_EQ(world.Iterations(), 600u);
  // Users are taken last in, first out: 30 ms at 200/s keep six or seven busy.
  EXPECT_LE(world.server.connects().size(), 7u);
  EXPECT_EQ(world.engines[0].intervals[1].users, world.server.connects().size());
}

TEST(Arrivals, WhatFindsAllUsersBusyIsDroppedAndTheBooksBalance) {
  for (const std::uint32_t max_users : {1, 3, 10}) {
    for (const std::uint32_t workers : {1, 2}) {
      World world(OneTask(), {.service = 100_ms}, {.workers = workers});
      world.engines.Start(Arriving(100, max_users, 10_s), world.start);
      world.clock.Run();
      const stats::EndpointStats stats = world.Stats();
      EXPECT_EQ(stats.started + stats.dropped, 1000u);
      // Each user serves at most ten a second, and is then free for the next one that comes.
      EXPECT_LE(stats.started, 100u * max_users);
      EXPECT_GE(stats.started, 90u * max_users);
      EXPECT_EQ(stats.started, world.server.answered());
      EXPECT_EQ(world.server.connects().size(), max_users);
    }
  }
}

TEST(Arrivals, ALateLoopCatchesUpAndShowsItInTheIntendedTimeAndTheLag) {
  World world(OneTask(), {.service = 10_ms});
  world.engines.Start(Arriving(100, 1000, 2_s), world.start);
  world.clock.RunUntil(world.start + 495_ms);
  // The loop does not get to run for half a second: 50 arrivals are due then.
  world.clock.Remove(world.engines[0].wheel);
  world.clock.RunUntil(world.start + 995_ms);
  world.clock.Add(world.engines[0].wheel);
  world.clock.Run();
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.started, 200u);
  EXPECT_EQ(stats.dropped, 0u);
  EXPECT_EQ(stats.response.max(), 10_ms);
  EXPECT_EQ(stats.intended.max(), 505_ms);  // wanted at 500, started at 995 ms
  Duration lag{0};
  for (const auto& interval : world.engines[0].intervals) {
    lag = std::max(lag, interval.lag.max().value_or(Duration(0)));
  }
  EXPECT_EQ(lag, 495_ms);
}

TEST(Arrivals, BehindThePlanAUserThatIsFreeByNowSparesAConnection) {
  World world(OneTask(), {.service = 1_ms});
  world.engines.Start(Arriving(1000, 50, 1_s), world.start);
  world.clock.RunUntil(world.start + 400_ms);
  // 400 arrivals become due at once, eight times as many as there may be users.
  world.clock.Remove(world.engines[0].wheel);
  world.clock.RunUntil(world.start + 800_ms);
  engine::Wheel& wheel = world.engines[0].wheel;
  for (int turn = 0; turn < 40; ++turn) {
    const std::uint64_t before = world.server.started();
    wheel.Advance(world.clock.now());
    EXPECT_LE(world.server.started() - before, 16u);
    world.clock.RunFor(2_ms);  // answers come in between
  }
  world.clock.Add(wheel);
  world.clock.Run();
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.started, 1000u);
  EXPECT_EQ(stats.dropped, 0u);
  EXPECT_LE(world.server.connects().size(), 20u);
}

TEST(Arrivals, WhatIsASecondBehindBeginsAtOnceOrIsDropped) {
  World world(OneTask(), {.service = 1_ms});
  world.engines.Start(Arriving(1000, 50, 3_s), world.start);
  engine::Wheel& wheel = world.engines[0].wheel;
  world.clock.RunUntil(world.start + 400_ms);
  world.clock.Remove(wheel);
  world.clock.RunUntil(world.start + 2400_ms);
  wheel.Advance(world.clock.now());
  EXPECT_EQ(world.server.started(), 401u + 50u);
  for (int turn = 0; turn < 200; ++turn) {
    world.clock.RunFor(2_ms);
    wheel.Advance(world.clock.now());
  }
  world.clock.Add(wheel);
  world.clock.Run();
  const stats::EndpointStats stats = world.Stats();
  EXPECT_EQ(stats.started + stats.dropped, 3000u);
  // Of the thousand from 400 to 1400 ms all but 50 and a few; the later ones have been caught up
  // with.
  EXPECT_LE(stats.dropped, 950u);
  EXPECT_GE(stats.dropped, 900u);
}

TEST(Arrivals, WhatIsDueWhenThePlanEndsBeginsThoughTheLoopIsLate) {
  World world(OneTask(), {.service = 1_ms});
  world.engines.Start(Arriving(1000, 500, 1_s), world.start);
  world.clock.RunUntil(world.start + 900_ms);
  world.clock.Remove(world.engines[0].wheel);
  world.clock.RunUntil(world.start + 1100_ms);
  world.clock.Add(world.engines[0].wheel);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  EXPECT_EQ(world.Stats().started, 1000u);
  EXPECT_EQ(world.Stats().dropped, 0u);
}

// Two classes, on_start, rows of every kind: what is sent depends on the arrival alone.
v1::Scenario Mixed() {
  v1::Scenario scenario = BareScenario();
  AddRange(scenario, "any", 1, 5000);
  AddRange(scenario, "next", 1, 700, v1::PICK_SEQUENTIAL);
  AddRange(scenario, "own", 1, 100'000, v1::PICK_UNIQUE);
  v1::UserClass& reader = *scenario.mutable_users(0);
  reader.set_weight(3);
  AddTask(reader, "read", 3, "/read/{{any}}?page={{next}}");
  AddTask(reader, "broken", 1, "/broken/{{own}}");
  v1::UserClass& writer = *scenario.add_users();
  writer.set_name("writer");
  writer.set_weight(1);
  AddTask(writer, "write", 1, "/write/{{own}}/{{next}}");
  return scenario;
}

TEST(Arrivals, TheSameSeedSendsTheSameRequestsForAnyNumberOfWorkersAndThreads) {
  for (const bool poisson : {false, true}) {
    std::vector<std::string> alone;
    for (const std::uint32_t workers : {1, 2, 7}) {
      for (const std::uint32_t threads : {1, 2}) {
        World world(Mixed(), {.service = 40_ms}, {.workers = workers, .threads = threads});
        world.engines.Start(Arriving(150, 1000, 6_s, poisson), world.start);
        world.clock.Run();
        auto requests = world.Targets();
        std::sort(requests.begin(), requests.end());
        if (alone.empty()) alone = requests;
        EXPECT_EQ(requests, alone) << workers << " × " << threads;
      }
    }
    EXPECT_GT(alone.size(), 700u);
    // A quarter is the writers', and no unique row comes twice.
    std::set<std::string> rows;
    std::size_t unique = 0, writes = 0;
    for (const std::string& target : alone) {
      if (target.starts_with("/read/")) continue;
      const std::size_t begin = target.find('/', 1) + 1;
      rows.insert(target.substr(begin, target.find('/', begin) - begin));
      ++unique;
      writes += target.starts_with("/write/");
    }
    EXPECT_EQ(rows.size(), unique);
    EXPECT_EQ(writes, alone.size() / 4);
  }
}

TEST(Arrivals, OnStartDelaysTheFirstArrivalOfAUserAndUniqueRowsStayApart) {
  v1::Scenario scenario = BareScenario();
  AddRange(scenario, "own", 0, 10'000, v1::PICK_UNIQUE);
  v1::UserClass& user = *scenario.mutable_users(0);
  AddTask(user, "login", 0, "/login/{{own}}");
  AddTask(user, "t", 1, "/t/{{own}}");
  AddTask(user, "logout", 0, "/logout");
  user.add_on_start("login");
  user.add_on_stop("logout");
  World world(scenario, {.service = 20_ms});
  world.engines.Start(Arriving(10, 100, 1_s), world.start);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  const auto total = world.engines.Total();
  EXPECT_EQ(total[0].succeeded, 1u);
  EXPECT_EQ(total[1].succeeded, 10u);
  EXPECT_EQ(total[2].succeeded, 1u);  // idle, it woke for it
  EXPECT_EQ(total[0].intended.count(), 0u);
  EXPECT_EQ(total[1].intended.count(), 10u);
  EXPECT_EQ(total[1].intended.max(), 40_ms);
  EXPECT_EQ(total[1].response.max(), 20_ms);
  // Users' own rows are the first hundred.
  EXPECT_EQ(world.Targets()[0], "/login/0");
  EXPECT_EQ(world.Targets()[1], "/t/100");
  EXPECT_EQ(world.Targets()[2], "/t/101");
}

TEST(Arrivals, AnIdleUserOfAnotherClassMakesRoom) {
  v1::Scenario scenario = BareScenario();
  AddTask(*scenario.mutable_users(0), "a", 1, "/a");
  v1::UserClass& other = *scenario.add_users();
  other.set_name("other");
  other.set_weight(1);
  AddTask(other, "b", 1, "/b");
  World world(scenario, {.service = 10_ms});
  world.engines.Start(Arriving(10, 1, 2_s), world.start);
  world.clock.RunUntil(world.start + 1995_ms);
  EXPECT_EQ(world.server.connections(), 1u);
  world.clock.Run();
  const auto total = world.engines.Total();
  EXPECT_EQ(total[0].succeeded, 10u);
  EXPECT_EQ(total[1].succeeded, 10u);
  EXPECT_EQ(total[0].dropped + total[1].dropped, 0u);
}

TEST(Arrivals, ANewRateTakesOverWithoutALostOrRepeatedArrival) {
  for (const Duration told : {700_ms, 1300_ms}) {  // in time, and late
    World world(OneTask(), {.service = 1_ms}, {.workers = 2});
    v1::Plan plan = Arriving(100, 50, 3_s);
    world.engines.Start(plan, world.start);
    world.clock.RunUntil(world.start + told);
    plan.set_revision(2);
    plan::AppendRate(plan, 1_s, 400);
    plan::AppendRate(plan, 2_s, 10);
    for (const auto& one : world.engines.all()) {
      one->engine->Update(world.engines.Owned(plan), world.clock.now());
    }
    world.clock.Run();
    EXPECT_EQ(world.Stats().started + world.Stats().dropped, 100u + 400 + 10);
  }
}

TEST(Arrivals, ALostWorkersArrivalsGoOnElsewhereFromThenOn) {
  World world(OneTask(), {.service = 1_ms}, {.workers = 2});
  v1::Plan plan = Arriving(100, 50, 2_s);
  world.engines.Start(plan, world.start);
  world.clock.RunUntil(world.start + 1_s + 1_ms);
  const std::uint64_t before = world.server.started();
  EXPECT_EQ(before, 101u);
  // Worker 1 is gone; worker 0 hears of it.
  world.clock.Remove(world.engines[1].wheel);
  plan.set_revision(2);
  plan.add_owners(0);
  world.engine().Update(world.engines.Owned(plan), world.clock.now());
  world.clock.Run();
  EXPECT_EQ(world.server.started(), 200u);
  world.clock.Add(world.engines[1].wheel);
}

TEST(Arrivals, ALateJoinerServesWhatIsDueFromThenOn) {
  World world(OneTask(), {.service = 1_ms});
  world.engines.Start(Arriving(100, 50, 5_s), world.start - 3_s);
  world.clock.Run();
  EXPECT_TRUE(world.engines.idle());
  // It begins at the plan's second 3, less the 10 ms by which the start lies ahead.
  EXPECT_EQ(world.Stats().started, 201u);
}

}  // namespace
}  // namespace sfp::engine
