// The load of a cluster: live edits, iterations, levels.

#include <gtest/gtest.h>

#include "tests/sim/cluster/cluster.h"

namespace sfp::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(ClusterTest, LiveEditChangesUsersEverywhereAtOnce) {
  RunWith(2, seconds(300));
  ASSERT_TRUE(sim.master().SetUsers(90, 1000, sim.MasterClock()).ok());
  sim.RunFor(seconds(4));
  EXPECT_EQ(sim.running_users(), 90u);
  ASSERT_TRUE(sim.master().SetUsers(10, 1000, sim.MasterClock()).ok());
  sim.RunFor(seconds(4));
  EXPECT_EQ(sim.running_users(), 10u);
}

TEST_F(ClusterTest, LiveEditChangesTheRateOfArrivalsEverywhere) {
  for (int i = 0; i < 2; ++i) sim.AddWorker();
  coordinator::RunSpec spec = ConstantRun(40, seconds(300), 2);
  spec.shape = plan::Arrivals{.rate = 100, .run_time = seconds(300), .stages = {}, .max_users = 40};
  ASSERT_TRUE(sim.StartRun(std::move(spec)).ok());
  sim.RunFor(seconds(6));
  EXPECT_FALSE(sim.master().SetUsers(90, 1000, sim.MasterClock()).ok());
  EXPECT_FALSE(sim.master().SetRate(0, sim.MasterClock()).ok());
  ASSERT_TRUE(sim.master().SetRate(300, sim.MasterClock()).ok());
  sim.RunFor(seconds(3));
  const plan::Plan plan = *plan::Plan::Create(sim.plan());
  const auto arrivals = plan.rate()->By(seconds(300)) / plan::kOneArrival;
  EXPECT_GT(arrivals, 300 * 290);  // from a whole second some seconds after the start on
  EXPECT_EQ(arrivals % 200, 0);
  for (const auto& each : sim.workers()) EXPECT_TRUE(each->alive());
  sim.master().StopRun("enough", sim.MasterClock());
  EXPECT_TRUE(sim.RunUntilOver(seconds(10)));
}

// 30 users with 10 iterations each, two a second.
coordinator::RunSpec Limited(std::uint32_t workers) {
  coordinator::RunSpec spec = ConstantRun(30, seconds(300), workers);
  spec.shape =
      plan::Constant{.users = 30, .spawn_rate = 1000, .run_time = std::nullopt, .iterations = 301};
  return spec;
}

TEST_F(ClusterTest, IterationsAreDoneExactlyAndEndTheRun) {
  for (int i = 0; i < 3; ++i) sim.AddWorker(1 + i % 2);
  ASSERT_TRUE(sim.StartRun(Limited(3)).ok());
  ExpectDoneAndEqual(3);
  EXPECT_EQ(sim.master().results()->iterations(), 301u);
  EXPECT_LT(sim.master().results()->duration(), seconds(12));
}

TEST_F(ClusterTest, IterationsOfALostWorkerAreNobodyElses) {
  for (int i = 0; i < 3; ++i) sim.AddWorker();
  ASSERT_TRUE(sim.StartRun(Limited(3)).ok());
  sim.RunFor(seconds(4));
  worker(1).Kill();
  ASSERT_TRUE(sim.RunUntilOver(seconds(60)));
  EXPECT_EQ(sim.outcome()->kind, coordinator::Outcome::Kind::kIncomplete);
  const std::uint64_t done = sim.master().results()->iterations();
  EXPECT_GT(done, 200u);
  EXPECT_LT(done, 301u);
  EXPECT_NE(sim.outcome()->why.find(std::to_string(done) + " of 301 iterations were done"),
            std::string::npos)
      << sim.outcome()->why;
}

TEST_F(ClusterTest, AWorkerThatComesBackGoesOnWithItsIterations) {
  for (int i = 0; i < 3; ++i) sim.AddWorker();
  ASSERT_TRUE(sim.StartRun(Limited(3)).ok());
  sim.RunFor(seconds(4));
  sim.Cut(worker(1), milliseconds(10), milliseconds(10));
  sim.Swallow(worker(1), seconds(6));  // lost, but not long enough to stop its load
  sim.RunFor(seconds(5));
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 1);
  ExpectDoneAndEqual(3);
  EXPECT_EQ(sim.master().results()->iterations(), 301u);
}

TEST_F(ClusterTest, AWorkerThatStoppedItsLoadDoesNotRepeatIterations) {
  for (int i = 0; i < 3; ++i) sim.AddWorker();
  ASSERT_TRUE(sim.StartRun(Limited(3)).ok());
  sim.RunFor(seconds(3));
  sim.Swallow(worker(1), seconds(11));
  ASSERT_TRUE(sim.RunUntilOver(seconds(60)));
  EXPECT_LE(sim.master().results()->iterations(), 301u);
  EXPECT_EQ(worker(1).starts(), 1);
}

TEST_F(ClusterTest, SweepGoesThroughItsLevelsAndEnds) {
  for (int i = 0; i < 2; ++i) sim.AddWorker();
  coordinator::RunSpec spec = ConstantRun(10, seconds(10), 2);
  spec.shape = plan::Sweep{.levels = {10, 30, 20}, .step_time = seconds(6)};
  spec.levels = coordinator::MakeLevelPolicy(spec.shape);
  ASSERT_TRUE(sim.StartRun(std::move(spec)).ok());
  sim.RunFor(seconds(11));
  EXPECT_EQ(sim.running_users(), 30u);
  ExpectDoneAndEqual(2);
  const auto& rows = sim.master().results()->rows();
  ASSERT_EQ(rows.size(), 3u);
  const std::uint32_t users[] = {10, 30, 20};
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(rows[i].users, users[i]);
    EXPECT_GE(rows[i].begin_s, 6 * i + 1);
    EXPECT_EQ(rows[i].end_s, 6 * i + 6);
    EXPECT_GT(rows[i].total.succeeded, 0u);
  }
}

// Two levels of 40 s, whose first 3 are warm-up.
class LongLevels final : public coordinator::LevelPolicy {
 public:
  std::optional<double> Next(std::span<const results::Row> done) override {
    return done.size() < 2 ? std::optional(10.0 * (1 + static_cast<double>(done.size())))
                           : std::nullopt;
  }
  std::optional<std::uint32_t> Begin(double, std::uint32_t, std::uint32_t begin_s) override {
    begins.push_back(begin_s);
    return std::nullopt;
  }
  coordinator::LevelDecision Decide(std::span<const results::SeriesPoint> known) override {
    coordinator::LevelDecision decision;
    if (known.size() >= 3) decision.begin_s = begins.back() + 3;
    decision.done = known.size() >= 40;
    decision.end_s = begins.back() + 40;
    return decision;
  }
  std::vector<std::uint32_t> begins;
};

// Its seconds are settled long before it ends: they stay in it.
TEST_F(ClusterTest, ARowWithoutAKnownEndKeepsItsBeginHoweverLongItIs) {
  for (int i = 0; i < 2; ++i) sim.AddWorker();
  coordinator::RunSpec spec = ConstantRun(10, seconds(10), 2);
  spec.shape = plan::Sweep{.levels = {20}};
  auto levels = std::make_unique<LongLevels>();
  const LongLevels& policy = *levels;
  spec.levels = std::move(levels);
  ASSERT_TRUE(sim.StartRun(std::move(spec)).ok());
  sim.RunFor(seconds(80));
  const std::vector<std::uint32_t> begins = policy.begins;
  ExpectDoneAndEqual(2);
  const results::Results& results = *sim.master().results();
  ASSERT_EQ(results.rows().size(), 2u);
  ASSERT_EQ(begins.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const results::Row& row = results.rows()[i];
    EXPECT_EQ(row.begin_s, begins[i] + 3);
    EXPECT_EQ(row.end_s, begins[i] + 40);
    ASSERT_EQ(row.per_second.size(), 37u);
    std::uint64_t requests = 0;
    for (std::uint32_t s = row.begin_s; s < *row.end_s; ++s) {
      requests += results.series()[s].requests;
      EXPECT_EQ(row.per_second[s - row.begin_s], results.series()[s].requests);
    }
    EXPECT_EQ(row.total.requests(), requests);
  }
}

TEST_F(ClusterTest, SearchOverRatesChangesTheArrivalsOfAllWorkers) {
  for (int i = 0; i < 2; ++i) sim.AddWorker();
  coordinator::RunSpec spec = ConstantRun(10, seconds(10), 2);
  plan::Sweep sweep{.levels = {50}};
  sweep.find = plan::Find{
      .goal = "avg < 1s", .metric = "avg", .value = 1000, .start = 5, .rate = 20, .poisson = true};
  spec.shape = sweep;
  spec.levels = coordinator::MakeLevelPolicy(spec.shape);
  ASSERT_TRUE(sim.StartRun(std::move(spec)).ok());
  sim.RunFor(seconds(5));
  EXPECT_EQ(sim.plan().most_users(), 50u);
  EXPECT_EQ(sim.plan().arrivals().distribution(), v1::Arrivals::POISSON);
  EXPECT_EQ(sim.plan().arrivals().points().rbegin()->rate(), 5);
  ASSERT_TRUE(sim.RunUntilOver(seconds(3000)));
  const results::Results& results = *sim.master().results();
  // The fake engines answer within a millisecond: it climbs to the highest rate, twice.
  std::vector<double> rates;
  for (const results::Row& row : results.rows()) {
    rates.push_back(row.rate);
    EXPECT_EQ(row.users, 50u);
    EXPECT_GE(row.per_second.size(), 10u);
  }
  EXPECT_EQ(rates, (std::vector<double>{5, 10, 20, 20}));
  EXPECT_EQ(results.run().find().most_rate(), 20);
}

}  // namespace
}  // namespace sfp::test
