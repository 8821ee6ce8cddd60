// However a run is shared by workers and threads, it is the same run.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/sim_clock.h"
#include "tests/support/sim_engines.h"
#include "tests/support/sim_scenario.h"
#include "tests/support/sim_server.h"

namespace sfp::engine {
namespace {

using support::AddRange;
using support::AddTask;
using support::SimClock;
using support::SimEngines;
using support::SimReply;
using support::SimServer;

constexpr Duration kSecond{1'000'000'000};

// Two classes, on_start, every way to draw from rows, a failing task.
v1::Scenario Mixed() {
  v1::Scenario scenario = support::BareScenario();
  AddRange(scenario, "any", 1, 5000);
  AddRange(scenario, "next", 1, 700, v1::PICK_SEQUENTIAL);
  AddRange(scenario, "own", 1, 100'000, v1::PICK_UNIQUE);
  v1::UserClass& reader = *scenario.mutable_users(0);
  reader.set_weight(3);
  reader.mutable_wait()->mutable_uniform()->set_min_ns(kSecond.count() / 10);
  reader.mutable_wait()->mutable_uniform()->set_max_ns(kSecond.count());
  AddTask(reader, "login", 0, "/login/{{own}}");
  AddTask(reader, "read", 3, "/read/{{any}}?page={{next}}");
  AddTask(reader, "broken", 1, "/broken/{{any}}");
  reader.add_on_start("login");
  v1::UserClass& writer = *scenario.add_users();
  writer.set_name("writer");
  writer.set_weight(1);
  writer.mutable_wait()->set_exponential_ns(kSecond.count() / 2);
  AddTask(writer, "write", 1, "/write/{{own}}/{{next}}");
  return scenario;
}

v1::Plan UpAndDown() {
  v1::Plan plan;
  const std::pair<double, double> points[] = {{0, 0},     {6, 61},  {9, 61}, {9, 20},
                                              {12, 37.5}, {13, 80}, {20, 3}, {22, 3}};
  for (const auto& [t, users] : points) {
    v1::Plan::Point* point = plan.add_points();
    point->set_t_ns(FromSeconds(t).count());
    point->set_users(users);
  }
  plan.set_end_ns(FromSeconds(24).count());
  return plan;
}

struct Outcome {
  std::vector<std::string> requests;  // sorted
  std::vector<std::uint32_t> users;   // by second
  std::vector<stats::EndpointStats> total;
  v1::Totals totals;
};

Outcome RunWith(std::uint32_t workers, std::uint32_t threads, std::uint64_t seed) {
  SimClock clock;
  // Response times depend on nothing but the request.
  const auto service = [](std::string_view request) {
    return Duration(1'000'000 + std::hash<std::string_view>()(request) % 400'000'000);
  };
  const auto reply = [](std::string_view request) {
    return SimReply{.status = request.find("/broken/") != request.npos ? 500 : 200};
  };
  SimServer server(clock, {.service_of = service, .reply = reply, .keep_log = true});
  SimEngines engines(clock, support::Compiled(Mixed()), server,
                     {.workers = workers, .threads = threads, .seed = seed});
  engines.Start(UpAndDown(), clock.now());
  clock.Run();
  EXPECT_TRUE(engines.idle());
  Outcome run;
  run.requests = server.log();
  std::sort(run.requests.begin(), run.requests.end());
  for (const auto& one : engines.all()) {
    for (const stats::Interval& interval : one->intervals) {
      run.users.resize(std::max<std::size_t>(run.users.size(), interval.index + 1), 0);
      run.users[interval.index] += interval.users;
    }
  }
  run.total = engines.Total();
  run.totals = stats::ComputeTotals(run.total);
  return run;
}

TEST(Shares, TheSameSeedGivesTheSameRunForAnyNumberOfWorkersAndThreads) {
  const Outcome alone = RunWith(1, 1, 42);
  ASSERT_GT(alone.requests.size(), 1000u);
  for (const std::uint32_t workers : {1, 2, 7}) {
    for (const std::uint32_t threads : {1, 2, 3}) {
      const Outcome shared = RunWith(workers, threads, 42);
      EXPECT_EQ(shared.requests, alone.requests) << workers << " workers × " << threads;
      ASSERT_EQ(shared.total.size(), alone.total.size());
      for (std::size_t i = 0; i < alone.total.size(); ++i) {
        EXPECT_EQ(shared.total[i].response, alone.total[i].response);
        EXPECT_EQ(shared.total[i].succeeded, alone.total[i].succeeded);
        EXPECT_EQ(shared.total[i].failed, alone.total[i].failed);
      }
      EXPECT_TRUE(stats::SameTotals(shared.totals, alone.totals));
    }
  }
}

TEST(Shares, AnotherSeedGivesOtherRequests) {
  EXPECT_NE(RunWith(1, 1, 1).requests, RunWith(1, 1, 2).requests);
}

TEST(Shares, UsersEqualThePlanAtEverySecond) {
  v1::Plan proto = UpAndDown();
  proto.add_owners(0);
  const plan::Plan plan = *plan::Plan::Create(proto);
  for (const std::uint32_t workers : {1, 2, 4, 7}) {
    const Outcome run = RunWith(workers, 2, 5);
    ASSERT_GE(run.users.size(), 24u);
    for (std::size_t second = 0; second < run.users.size(); ++second) {
      EXPECT_EQ(run.users[second], plan.UsersAt(static_cast<std::int64_t>(second + 1) * kSecond))
          << workers << " workers, second " << second;
    }
  }
}

}  // namespace
}  // namespace sfp::engine
