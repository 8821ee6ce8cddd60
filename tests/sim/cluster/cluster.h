#pragma once

// The fixture of the tests of a cluster in virtual time.
//
// Thread: confined to the test.

#include <gtest/gtest.h>

#include "common/base/log.h"
#include "tests/sim/cluster/simulation.h"

namespace sfp::test {

class ClusterTest : public testing::Test {
 protected:
  ClusterTest() : sim(1) { SetLogLevel(LogLevel::kError); }

  // So many workers, joined, and a run of 40 users under way for 5 s.
  void RunWith(std::uint32_t workers, Duration run_time = std::chrono::seconds(30)) {
    for (std::uint32_t i = 0; i < workers; ++i)
      sim.AddWorker(1, std::chrono::seconds(17 * i) - std::chrono::seconds(20));
    ASSERT_TRUE(sim.StartRun(ConstantRun(40, run_time, workers)).ok());
    sim.RunFor(std::chrono::seconds(6));
    ASSERT_EQ(sim.master().state(), coordinator::RunState::kRunning);
    ASSERT_EQ(sim.running_users(), 40u);
  }
  SimWorker& worker(std::size_t i) { return *sim.workers()[i]; }
  int Count(v1::JournalRecord::BodyCase kind) const {
    int count = 0;
    for (const auto& record : sim.records()) count += record.body_case() == kind;
    return count;
  }
  void ExpectDoneAndEqual(std::uint32_t workers) {
    ASSERT_TRUE(sim.RunUntilOver(std::chrono::seconds(120)));
    EXPECT_EQ(sim.outcome()->kind, coordinator::Outcome::Kind::kDone) << sim.outcome()->why;
    EXPECT_FALSE(sim.outcome()->totals_differ);
    for (std::uint32_t i = 0; i < workers; ++i) {
      const results::Worker& there = sim.master().results()->workers().at(worker(i).index());
      EXPECT_TRUE(stats::SameTotals(there.totals, worker(i).truth())) << "worker " << i;
      EXPECT_EQ(worker(i).agent().unacknowledged(), 0u);
    }
  }

  Simulation sim;
};

}  // namespace sfp::test
