// The demo API's own model in virtual time, at twenty times the old API's speed: what the report
// says of it, against what is true.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

#include "master/capacity/closed_queue.h"
#include "tests/sim/capacity/target.h"

namespace sfp::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kService = 0.0085;
constexpr double kThink = 0.1275;
const std::vector<std::uint32_t> kOldLevels = {10, 20, 30, 50, 100, 500, 1000, 1500, 2000};

TargetSetup SetupOf(std::uint32_t servers, std::uint64_t seed) {
  TargetSetup setup;
  setup.pool.connections = 30;
  setup.pool.servers = servers;
  setup.pool.service = FromSeconds(kService);
  setup.pool.seed = setup.seed = seed;
  return setup;
}

v1::RunStarted Started(double think_s) {
  v1::RunStarted run = results::Journal::TwoEndpoints();
  run.set_think_time_s(think_s);
  run.set_declared_pool(30);
  return run;
}

std::string Said(const report::Report& report) {
  return std::accumulate(report.fit->says.begin(), report.fit->says.end(), std::string());
}

// ĉ within 1 or 10 %, the limit within 3 %.
struct Score {
  int runs = 0, servers = 0, limit = 0, servers_held = 0, limit_held = 0;
  void Count(const report::Report& report, double servers_true) {
    ++runs;
    if (!report.fit || !report.fit->queue) return;
    const capacity::QueueFit& fit = *report.fit->queue;
    const double limit_true = servers_true / kService;
    servers += std::abs(fit.queue.servers - servers_true) <= std::max(1.0, 0.1 * servers_true);
    limit += std::abs(fit.max_rps / limit_true - 1) <= 0.03;
    servers_held += fit.servers_ci95.low <= servers_true && servers_true <= fit.servers_ci95.high;
    limit_held += fit.max_rps_ci95.low <= limit_true && limit_true <= fit.max_rps_ci95.high;
  }
};

// SFP_SIM_SEEDS=50 for coverage.
int Seeds(int usual) {
  const char* more = std::getenv("SFP_SIM_SEEDS");
  return more != nullptr ? std::max(usual, std::min(50, std::atoi(more))) : usual;
}

class ServersTest : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(ServersTest, AreFoundByASweepOfTheOldLevels) {
  const std::uint32_t servers = GetParam();
  Score score;
  const int seeds = Seeds(1);
  for (int seed = 1; seed <= seeds; ++seed) {
    Target target(SetupOf(servers, static_cast<std::uint64_t>(seed)), Started(kThink));
    coordinator::GovernedLevels levels(kOldLevels, std::nullopt);
    const report::Report report = target.Run(levels);
    score.Count(report, servers);
    for (const report::Row& row : report.rows) {
      EXPECT_EQ(row.judgement.verdict, capacity::Verdict::kValid)
          << row.users << ": " << row.judgement.reasons.front();
    }
    if (servers == 30) {
      EXPECT_THAT(Said(report), Not(HasSubstr("pool")));
    } else if (servers <= 12) {
      EXPECT_THAT(Said(report), HasSubstr("The pool is not the limit: about"));
    }
  }
  EXPECT_EQ(score.servers, score.runs);
  EXPECT_EQ(score.limit, score.runs);
  EXPECT_GE(score.servers_held, score.runs * 8 / 10);
  EXPECT_GE(score.limit_held, score.runs * 8 / 10);
  RecordProperty("servers_held", score.servers_held);
  RecordProperty("limit_held", score.limit_held);
}

TEST_P(ServersTest, AreFoundByAProbeWithoutThinkTime) {
  const std::uint32_t servers = GetParam();
  Score score;
  const int seeds = Seeds(1);
  for (int seed = 1; seed <= seeds; ++seed) {
    TargetSetup setup = SetupOf(servers, static_cast<std::uint64_t>(seed));
    setup.think_least_s = setup.think_most_s = 0;
    v1::RunStarted run = Started(0);
    run.set_probe(true);
    run.set_scenario_think_time_s(kThink);
    Target target(setup, run);
    coordinator::GovernedLevels levels({1, 2, 4, 8, 11, 16, 32, 64, 120}, std::nullopt);
    const report::Report report = target.Run(levels);
    score.Count(report, servers);
    EXPECT_THAT(Said(report), HasSubstr("A probe: users did not think"));
    EXPECT_NEAR(report.fit->queue->knee_users, (kThink + kService) * servers / kService,
                0.05 * (kThink + kService) * servers / kService);
  }
  EXPECT_EQ(score.servers, score.runs);
  EXPECT_EQ(score.limit, score.runs);
}

// A row whose generator was late is worse than none where there are enough others.
TEST(Fit, LeavesOutTheRowOfALateGenerator) {
  TargetSetup setup = SetupOf(6, 1);
  setup.late_level = 100;
  Target target(setup, Started(kThink));
  coordinator::GovernedLevels levels(kOldLevels, std::nullopt);
  const report::Report report = target.Run(levels);
  for (const report::Row& row : report.rows) {
    EXPECT_EQ(row.judgement.verdict, row.users == setup.late_level ? capacity::Verdict::kDegraded
                                                                   : capacity::Verdict::kValid)
        << row.users;
  }
  ASSERT_TRUE(report.fit && report.fit->queue);
  EXPECT_EQ(report.fit->queue->queue.servers, 6);
  EXPECT_NEAR(report.fit->queue->max_rps, 6 / kService, 0.03 * 6 / kService);
  EXPECT_THAT(Said(report), Not(HasSubstr("degraded")));
}

INSTANTIATE_TEST_SUITE_P(Of, ServersTest, ::testing::Values(4, 6, 12, 30));

// The most users under which the mean response time stays below a limit, by the exact solution.
double TrueUsers(double allowed_s) {
  double low = 1, high = 10'000;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    const double delay = TargetSetup().delay_s;
    const double response =
        capacity::Solve({6, kService}, middle, kThink + delay).response_s + delay;
    (response < allowed_s ? low : high) = middle;
  }
  return low;
}

TEST(Find, TheMostUsersUnderAGoalThroughFivePercentOfNoiseOfEachStep) {
  plan::Sweep sweep;
  sweep.levels = {5000};
  sweep.find = plan::Find{.goal = "avg < 30ms", .metric = "avg", .value = 30, .start = 10};
  const double truth = TrueUsers(0.030);
  int right = 0, held = 0;
  const int seeds = Seeds(1);
  for (int seed = 1; seed <= seeds; ++seed) {
    TargetSetup setup = SetupOf(6, static_cast<std::uint64_t>(seed));
    setup.level_noise = 0.05;
    v1::RunStarted run = Started(kThink);
    *run.mutable_find() = coordinator::GoalOf(sweep);
    Target target(setup, run);
    coordinator::GoalLevels levels(coordinator::GoalOf(sweep));
    const report::Report report = target.Run(levels);
    ASSERT_TRUE(report.find && report.find->load && report.find->ci95);
    right += std::abs(*report.find->load / truth - 1) <= 0.05;
    held += (*report.find->ci95)[0] <= truth && truth <= (*report.find->ci95)[1];
    EXPECT_THAT(report.find->says.front(), HasSubstr("'avg < 30ms' holds up to"));
    EXPECT_FALSE(report.fit);
  }
  EXPECT_GE(right * 20, seeds * 19);
  RecordProperty("right", right);
  RecordProperty("held", held);
}

// What an open queue M/M/c answers in, at so many arrivals per second: the mean, or the time within
// which this part is answered. Erlang's C; Kleinrock, Queueing Systems I, 1975, section 3.5.
double OpenQueue(double rate, double servers, std::optional<double> quantile) {
  const double offered = rate * kService;
  double blocked = 1;  // Erlang's B, by its recursion
  for (int k = 1; k <= static_cast<int>(servers); ++k) {
    blocked = offered * blocked / (k + offered * blocked);
  }
  const double waits = blocked / (1 - offered / servers * (1 - blocked));
  const double mu = 1 / kService, drain = servers * mu - rate;
  if (!quantile) return kService + waits / drain;
  // P(service + wait > t), by halving.
  const auto above = [&](double t) {
    const double served = std::exp(-mu * t);
    if (std::abs(drain - mu) < 1e-9) return served * (1 + waits * mu * t);
    return served + waits * mu / (mu - drain) * (std::exp(-drain * t) - served);
  };
  double low = 0, high = 1000;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (above(middle) > 1 - *quantile ? low : high) = middle;
  }
  return low;
}

struct RateGoal {
  const char* metric;
  double allowed_ms;
  std::uint32_t servers;
};

void PrintTo(const RateGoal& goal, std::ostream* out) {
  *out << goal.metric << " below " << goal.allowed_ms << " ms, " << goal.servers << " servers";
}

class FindRateTest : public ::testing::TestWithParam<RateGoal> {};

TEST_P(FindRateTest, TheMostArrivalsUnderAGoalThroughFivePercentOfNoiseOfEachStep) {
  const RateGoal goal = GetParam();
  if (goal.servers > 6 && std::getenv("SFP_SIM_SEEDS") == nullptr) {
    GTEST_SKIP() << "two million requests: SFP_SIM_SEEDS=20 makes them";
  }
  plan::Sweep sweep;
  sweep.levels = {2000};
  sweep.find = plan::Find{
      .goal = "goal", .metric = goal.metric, .value = goal.allowed_ms, .start = 10, .rate = 20'000};
  const std::optional<double> quantile =
      goal.metric[0] == 'p' ? std::optional(std::atof(goal.metric + 1) / 100) : std::nullopt;
  const double limit = goal.servers / kService;
  double low = 0, high = limit;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    const double answer = OpenQueue(middle, goal.servers, quantile) + TargetSetup().delay_s;
    (answer * 1000 < goal.allowed_ms ? low : high) = middle;
  }
  const double truth = low;
  int right = 0, held = 0, found = 0;
  std::uint32_t seconds = 0;
  const int seeds = Seeds(1);
  for (int seed = 1; seed <= seeds; ++seed) {
    TargetSetup setup = SetupOf(goal.servers, static_cast<std::uint64_t>(seed));
    setup.pool.connections = setup.most_users = sweep.levels.front();
    setup.level_noise = 0.05;
    v1::RunStarted run = Started(-1);
    *run.mutable_find() = coordinator::GoalOf(sweep);
    Target target(setup, run);
    coordinator::GoalLevels levels(coordinator::GoalOf(sweep));
    const report::Report report = target.Run(levels);
    ASSERT_TRUE(report.find && report.find->load && report.find->ci95);
    right += std::abs(*report.find->load / truth - 1) <= 0.05;
    held += (*report.find->ci95)[0] <= truth && truth <= (*report.find->ci95)[1];
    found += report.find->says.front().find("about") == std::string::npos;
    seconds += target.seconds();
    EXPECT_THAT(report.find->says.front(), HasSubstr("arrivals per second"));
    if (std::getenv("SFP_SIM_SEEDS") != nullptr) {
      std::printf("seed %d: %.1f (true %.1f), %zu steps, %u s: %s\n", seed, *report.find->load,
                  truth, report.find->steps, target.seconds(), report.find->says.front().c_str());
    }
  }
  EXPECT_GE(right * 20, seeds * 19);
  RecordProperty("right", right);
  RecordProperty("held", held);
  RecordProperty("found", found);
  std::printf(
      "%s < %g ms, %u servers: true %.1f/s of %.1f/s; right %d, held %d, found %d of %d; "
      "%u s on average\n",
      goal.metric, goal.allowed_ms, goal.servers, truth, limit, right, held, found, seeds,
      seconds / static_cast<std::uint32_t>(seeds));
}

INSTANTIATE_TEST_SUITE_P(Goals, FindRateTest,
                         ::testing::Values(RateGoal{"avg", 15, 6}, RateGoal{"p95", 60, 6},
                                           RateGoal{"p95", 200, 30}));

}  // namespace
}  // namespace sfp::test
