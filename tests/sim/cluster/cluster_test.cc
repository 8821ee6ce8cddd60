// One trouble at a time, with the answer known.

#include "tests/sim/cluster/cluster.h"

#include <gtest/gtest.h>

namespace sfp::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(ClusterTest, QuietRunDeliversEverything) {
  RunWith(3, seconds(10));
  ExpectDoneAndEqual(3);
  EXPECT_EQ(Count(v1::JournalRecord::kFinished), 3);
  EXPECT_EQ(sim.records().front().body_case(), v1::JournalRecord::kRun);
  EXPECT_EQ(sim.records().back().body_case(), v1::JournalRecord::kEnded);
}

TEST_F(ClusterTest, EightWorkersStartWithin20MsWhateverTheirClocks) {
  for (std::uint32_t i = 0; i < 8; ++i) {
    SimWorker& each = sim.AddWorker(1, seconds(1000) * i - seconds(2500));
    sim.path(each).longest = milliseconds(1 + 3 * i);
  }
  ASSERT_TRUE(sim.StartRun(ConstantRun(10, seconds(5), 8)).ok());
  sim.RunFor(seconds(4));
  Duration first = Duration::max(), last = Duration::min();
  for (const auto& each : sim.workers()) {
    ASSERT_TRUE(each->start());
    first = std::min(first, *each->start());
    last = std::max(last, *each->start());
  }
  EXPECT_LT(last - first, milliseconds(20));
}

TEST_F(ClusterTest, WrongAndSteppedWallClocksChangeNoFigureAndAreNamed) {
  const auto run = [](bool wrong) {
    auto one = std::make_unique<Simulation>(1);
    for (std::uint32_t i = 0; i < 3; ++i) {
      SimWorker& each = one->AddWorker(1, seconds(17 * i));
      each.wall_offset = wrong && i == 1 ? -seconds(30) : milliseconds(40);
    }
    EXPECT_TRUE(one->StartRun(ConstantRun(40, seconds(20), 3)).ok());
    one->RunFor(seconds(10));
    if (wrong) {
      one->workers()[2]->Step(seconds(7), Duration(0));
      one->StepMaster(-seconds(2));
    }
    EXPECT_TRUE(one->RunUntilOver(seconds(60)));
    return one;
  };
  const auto right = run(false), wrong = run(true);
  const results::Results& a = *right->master().results();
  const results::Results& b = *wrong->master().results();
  EXPECT_TRUE(
      stats::SameTotals(stats::ComputeTotals(a.endpoints()), stats::ComputeTotals(b.endpoints())));
  EXPECT_EQ(a.duration(), b.duration());
  for (std::size_t s = 0; s < a.series().size(); ++s) {
    EXPECT_EQ(a.series()[s].users, b.series()[s].users);
  }
  for (const auto& [index, worker] : b.workers()) {
    ASSERT_TRUE(worker.wall_offset);
    const bool second = worker.session == 2, third = worker.session == 3;
    EXPECT_EQ(results::IsWrongWallClock(*worker.wall_offset), second);
    EXPECT_NEAR(Seconds(*worker.wall_offset), second ? -30 : 0.04, 0.02);
    EXPECT_EQ(worker.clocks.steps, third ? 1u : 0u);
    EXPECT_EQ(worker.clocks.largest_step, third ? seconds(7) : seconds(0));
  }
  EXPECT_EQ(b.clocks().largest_step, -seconds(2));
  EXPECT_EQ(b.generator().jumps, 1u);  // the worker's: the master's own bends no figure
  EXPECT_EQ(a.clocks().steps, 0u);
}

TEST_F(ClusterTest, ShortCutIsResumedUnnoticed) {
  RunWith(2);
  sim.Cut(worker(0), milliseconds(1), milliseconds(1));
  ExpectDoneAndEqual(2);
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 0);
  EXPECT_EQ(Count(v1::JournalRecord::kJoined), 2);
}

TEST_F(ClusterTest, OldStreamThatLingersIsReplaced) {
  RunWith(2);
  sim.Cut(worker(0), milliseconds(1), seconds(20));
  ExpectDoneAndEqual(2);
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 0);
}

TEST_F(ClusterTest, KilledWorkersUsersAreTakenOverWithin3s) {
  RunWith(3, seconds(20));
  worker(1).Kill();
  sim.RunFor(seconds(3));
  EXPECT_EQ(sim.running_users(), sim.planned_users());
  ASSERT_TRUE(sim.RunUntilOver(seconds(120)));
  EXPECT_EQ(sim.outcome()->kind, coordinator::Outcome::Kind::kIncomplete);
  EXPECT_EQ(sim.outcome()->missing_workers, 1u);
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 1);
}

TEST_F(ClusterTest, SilentWorkersUsersAreTakenOverWithin3s) {
  RunWith(3);
  sim.Swallow(worker(1), seconds(6));
  sim.RunFor(seconds(3));
  EXPECT_EQ(sim.running_users() - worker(1).users(), sim.planned_users());
  ExpectDoneAndEqual(3);
}

TEST_F(ClusterTest, ReturningWorkerGetsItsEntriesAndIndexBack) {
  RunWith(3);
  const v1::Plan before = sim.plan();
  const std::uint32_t index = worker(1).index();
  sim.Swallow(worker(1), seconds(5));
  sim.RunFor(seconds(4));
  EXPECT_NE(sim.plan().owners().Get(0) + sim.plan().owners().Get(1) + sim.plan().owners().Get(2),
            before.owners().Get(0) + before.owners().Get(1) + before.owners().Get(2));
  sim.RunFor(seconds(4));
  const v1::Plan after = sim.plan();
  EXPECT_TRUE(std::equal(before.owners().begin(), before.owners().end(), after.owners().begin(),
                         after.owners().end()));
  EXPECT_EQ(worker(1).index(), index);
  EXPECT_EQ(sim.running_users(), 40u);
  ExpectDoneAndEqual(3);
  EXPECT_EQ(sim.master().results()->workers().at(index).rejoined, 1u);
}

// Others have the users of a worker that is cut off after 2.5 s, so it may not keep them.
TEST_F(ClusterTest, UsersOfAWorkerThatIsCutOffRunOnlyOnceAfter3s) {
  RunWith(3, seconds(40));
  sim.Swallow(worker(1), seconds(8));
  sim.RunFor(milliseconds(1900));
  EXPECT_EQ(sim.running_users(), 40u);  // nobody has noticed anything
  sim.RunFor(milliseconds(1200));
  EXPECT_EQ(worker(1).users(), 0u);
  for (int i = 0; i < 45; ++i) {
    EXPECT_EQ(sim.running_users(), 40u) << i;
    sim.RunFor(milliseconds(100));
  }
  sim.RunFor(milliseconds(1500));
  EXPECT_GT(worker(1).users(), 0u);
  EXPECT_EQ(sim.running_users(), 40u);
  EXPECT_EQ(worker(1).starts(), 1);  // its engines were on all the time
  ExpectDoneAndEqual(3);
  int paused = 0;
  for (const auto& record : sim.records()) paused += record.snapshot().snapshot().paused();
  EXPECT_GT(paused, 0);
}

TEST_F(ClusterTest, ALoneWorkerKeepsItsUsersUntilTheDeadMansSwitch) {
  RunWith(1, seconds(40));
  sim.Swallow(worker(0), seconds(9));
  sim.RunFor(milliseconds(8900));
  EXPECT_EQ(sim.running_users(), 40u);
  ExpectDoneAndEqual(1);
}

TEST_F(ClusterTest, AMasterThatIsHeldUpDoesNotMakeTheLoadFlap) {
  RunWith(3);
  sim.StallMaster(seconds(8));
  for (int i = 0; i < 100; ++i) {
    sim.RunFor(milliseconds(100));
    EXPECT_EQ(sim.running_users(), 40u);
  }
  ExpectDoneAndEqual(3);
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 0);
}

TEST_F(ClusterTest, AMasterThatIsKilledAndResumedDoesNotMakeTheLoadFlap) {
  RunWith(3);
  sim.KillMaster();
  for (int i = 0; i < 140; ++i) {
    if (i == 70) {
      ASSERT_TRUE(sim.ResumeMaster(ConstantRun(40, seconds(30), 3)).ok());
    }
    sim.RunFor(milliseconds(100));
    EXPECT_EQ(sim.running_users(), 40u);
  }
  ExpectDoneAndEqual(3);
}

// The whole network is away for 5 s: nobody can know whether another has taken over.
TEST_F(ClusterTest, WorkersWhoAreAllCutOffPauseAndGoOnTogether) {
  RunWith(3);
  for (int i = 0; i < 3; ++i) sim.Swallow(worker(i), seconds(5));
  sim.RunFor(milliseconds(3200));
  EXPECT_EQ(sim.running_users(), 0u);
  sim.RunFor(milliseconds(2800));
  EXPECT_EQ(sim.running_users(), 40u);
  ExpectDoneAndEqual(3);
  const auto& series = sim.master().results()->series();
  for (const auto& point : series) {
    if (point.users == 0 && point.second < 29) {
      EXPECT_TRUE(point.degraded) << point.second;
    }
  }
}

TEST_F(ClusterTest, DeadMansSwitchStopsLoadAfter10sAndItStartsAgain) {
  RunWith(2, seconds(60));
  const Duration silent_from = sim.events.now();
  sim.Swallow(worker(0), seconds(14));
  sim.RunFor(seconds(13));
  ASSERT_TRUE(worker(0).load_stopped());
  EXPECT_LT(*worker(0).load_stopped() - silent_from, milliseconds(10'200));
  EXPECT_GT(*worker(0).load_stopped() - silent_from, seconds(9));
  EXPECT_EQ(worker(0).users(), 0u);
  EXPECT_EQ(sim.running_users(), 40u);
  sim.RunFor(seconds(6));
  EXPECT_EQ(worker(0).starts(), 2);
  EXPECT_GT(worker(0).users(), 0u);
  EXPECT_EQ(sim.running_users(), 40u);
  ExpectDoneAndEqual(2);
}

TEST_F(ClusterTest, NewcomerGetsAShare) {
  RunWith(2);
  SimWorker& late = sim.AddWorker(2, seconds(500));
  sim.RunFor(seconds(4));
  EXPECT_NEAR(late.users(), 20, 2);
  EXPECT_EQ(sim.running_users(), 40u);
  ExpectDoneAndEqual(3);
}

TEST_F(ClusterTest, LeavingWorkerDeliversAndIsNotMissed) {
  RunWith(2);
  worker(0).agent().OnSignal(worker(0).Clock());
  sim.RunFor(seconds(3));
  EXPECT_EQ(worker(0).exit_code(), agent::kExitDone) << worker(0).exit_reason();
  EXPECT_EQ(worker(1).users(), 40u);
  ExpectDoneAndEqual(2);
  EXPECT_EQ(Count(v1::JournalRecord::kLost), 0);
}

TEST_F(ClusterTest, RunEndsWhenNobodyIsLeft) {
  RunWith(2, seconds(300));
  worker(0).Kill();
  worker(1).Kill();
  ASSERT_TRUE(sim.RunUntilOver(seconds(40)));
  EXPECT_EQ(sim.outcome()->kind, coordinator::Outcome::Kind::kIncomplete);
  EXPECT_EQ(sim.outcome()->missing_workers, 2u);
}

TEST_F(ClusterTest, StopEndsTheRunEarlyWithEverythingDelivered) {
  RunWith(2, seconds(300));
  sim.master().StopRun("interrupted", sim.MasterClock());
  ASSERT_TRUE(sim.RunUntilOver(seconds(5)));
  EXPECT_EQ(sim.outcome()->kind, coordinator::Outcome::Kind::kInterrupted);
  EXPECT_EQ(sim.outcome()->missing_workers, 0u);
  EXPECT_TRUE(sim.records().back().ended().interrupted());
}

TEST_F(ClusterTest, WhoIsMissingIsNamed) {
  for (const std::uint32_t place : {0, 3}) sim.AddWorker(1, seconds(0), place);
  coordinator::RunSpec spec = ConstantRun(10, seconds(10), 4);
  spec.workers_timeout = seconds(20);
  ASSERT_TRUE(sim.StartRun(std::move(spec)).ok());
  ASSERT_TRUE(sim.RunUntilOver(seconds(21)));
  EXPECT_EQ(sim.outcome()->why,
            "2 of 4 workers joined within 20s: 2 missing, with index 1, 2; here: w1, w2");
}

TEST_F(ClusterTest, MissingWorkersEndTheWaiting) {
  sim.AddWorker();
  coordinator::RunSpec spec = ConstantRun(10, seconds(10), 3);
  spec.workers_timeout = seconds(20);
  ASSERT_TRUE(sim.StartRun(std::move(spec)).ok());
  ASSERT_TRUE(sim.RunUntilOver(seconds(21)));
  EXPECT_EQ(sim.outcome()->kind, coordinator::Outcome::Kind::kIncomplete);
  EXPECT_EQ(sim.outcome()->missing_workers, 2u);
  EXPECT_FALSE(sim.outcome()->started);
  EXPECT_EQ(sim.outcome()->why, "1 of 3 workers joined within 20s: 2 missing; here: w1");
}

TEST_F(ClusterTest, WorkerThatCannotPrepareFailsTheRun) {
  sim.AddWorker();
  sim.AddWorker().prepare_error = "cannot resolve api.example";
  ASSERT_TRUE(sim.StartRun(ConstantRun(10, seconds(10), 2)).ok());
  ASSERT_TRUE(sim.RunUntilOver(seconds(5)));
  EXPECT_EQ(sim.outcome()->kind, coordinator::Outcome::Kind::kFailed);
  EXPECT_NE(sim.outcome()->why.find("cannot resolve api.example"), std::string::npos);
}

TEST_F(ClusterTest, SecondRunFollowsTheFirst) {
  RunWith(2, seconds(8));
  ExpectDoneAndEqual(2);
  coordinator::RunSpec spec = ConstantRun(12, seconds(5), 2);
  spec.run = 78;
  ASSERT_TRUE(sim.StartRun(std::move(spec)).ok());
  sim.RunFor(seconds(4));
  EXPECT_EQ(sim.running_users(), 12u);
  ASSERT_TRUE(sim.RunUntilOver(seconds(30)));
  EXPECT_EQ(sim.outcome()->kind, coordinator::Outcome::Kind::kDone) << sim.outcome()->why;
  sim.master().SayGoodbye("done");
  sim.RunFor(seconds(3));
  for (const auto& each : sim.workers()) EXPECT_EQ(each->exit_code(), agent::kExitDone);
}

}  // namespace
}  // namespace sfp::test
