// Workers that are started twice in one place: the newer counts.

#include <gtest/gtest.h>

#include "tests/sim/cluster/cluster.h"

namespace sfp::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Workers with places 0, 1, 2 (sessions 1, 2, 3), as pods of an Indexed Job have them.
class PlacesTest : public ClusterTest {
 protected:
  void Begin() {
    for (std::uint32_t i = 0; i < 3; ++i) sim.AddWorker(1, seconds(11 * i), i);
    ASSERT_TRUE(sim.StartRun(ConstantRun(42, seconds(40), 3)).ok());
    sim.RunFor(seconds(6));
    ASSERT_EQ(sim.running_users(), 42u);
  }
  // No user runs twice and none is missing, whoever runs it.
  void ExpectEachUserOnce() { EXPECT_EQ(sim.running_users(), 42u); }
};

TEST_F(PlacesTest, OfTwoWorkersInOnePlaceTheNewerCountsAndNothingTwice) {
  Begin();
  const v1::Plan before = sim.plan();
  const std::uint32_t users = worker(1).users();
  SimWorker& newer = sim.AddWorker(1, seconds(900), 1);
  sim.RunFor(milliseconds(200));
  EXPECT_EQ(worker(1).users(), 0u) << "the older one goes on";
  sim.RunFor(seconds(5));
  EXPECT_EQ(worker(1).exit_code(), agent::kExitReplaced);
  EXPECT_NE(worker(1).exit_reason().find("--index 1"), std::string::npos)
      << worker(1).exit_reason();
  EXPECT_EQ(newer.users(), users);
  ExpectEachUserOnce();
  // Exactly the older one's entries, nobody else's users were moved for good.
  const v1::Plan after = sim.plan();
  for (int i = 0; i < before.owners_size(); ++i) {
    const std::uint32_t owner = before.owners(i);
    EXPECT_EQ(after.owners(i), owner == worker(1).index() ? newer.index() : owner);
  }
  ExpectDoneAndEqual(4);
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 0);
}

TEST_F(PlacesTest, AKilledWorkersSuccessorTakesItsUsers) {
  Begin();
  worker(2).Kill();
  sim.RunFor(milliseconds(300));  // before the loss is noticed
  SimWorker& newer = sim.AddWorker(1, seconds(3), 2);
  sim.RunFor(seconds(6));
  EXPECT_EQ(newer.users(), 14u);
  ExpectEachUserOnce();
  ASSERT_TRUE(sim.RunUntilOver(seconds(120)));
  EXPECT_EQ(sim.outcome()->missing_workers, 1u);
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 1);
}

TEST_F(PlacesTest, OneThatWasCutOffWhenItWasReplacedDeliversAndGoes) {
  Begin();
  sim.Swallow(worker(0), seconds(8));
  sim.RunFor(seconds(4));
  sim.AddWorker(1, seconds(77), 0);
  sim.RunFor(seconds(12));
  EXPECT_EQ(worker(0).exit_code(), agent::kExitReplaced) << worker(0).exit_reason();
  EXPECT_EQ(worker(0).starts(), 1);
  ExpectEachUserOnce();
  ExpectDoneAndEqual(4);
}

TEST_F(PlacesTest, AReplacedWorkerStaysReplacedForTheNextMaster) {
  Begin();
  sim.Swallow(worker(0), seconds(30));
  sim.RunFor(seconds(4));
  SimWorker& newer = sim.AddWorker(1, seconds(77), 0);
  sim.RunFor(seconds(4));
  EXPECT_EQ(newer.users(), 14u);
  sim.KillMaster();
  sim.RunFor(seconds(2));
  ASSERT_TRUE(sim.ResumeMaster(ConstantRun(42, seconds(40), 3)).ok());
  sim.RunFor(seconds(40));
  EXPECT_EQ(worker(0).exit_code(), agent::kExitReplaced) << worker(0).exit_reason();
  EXPECT_EQ(newer.exit_code().value_or(0), 0) << newer.exit_reason();
  ExpectDoneAndEqual(4);
}

TEST_F(PlacesTest, AWorkerThatDiesWhileItLeavesIsLostAndHoldsNobodyUp) {
  Begin();
  worker(1).agent().OnSignal(worker(1).Clock());
  sim.RunFor(milliseconds(10));
  worker(1).Kill();
  sim.RunFor(seconds(5));
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 1);
  ASSERT_TRUE(sim.master().results()->complete_second());
  EXPECT_GT(*sim.master().results()->complete_second(), 7u);
  ASSERT_TRUE(sim.RunUntilOver(seconds(120)));
  EXPECT_EQ(sim.outcome()->missing_workers, 1u);
}

}  // namespace
}  // namespace sfp::test
