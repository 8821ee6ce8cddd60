// Hundreds of random schedules of cuts, silences, late and leaving workers. Whatever happens, at
// the end the master has exactly what the engines counted, each snapshot once, and users were on
// plan whenever the network had been quiet for a while.

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "common/base/log.h"
#include "tests/sim/cluster/simulation.h"

namespace sfp::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeedsPerTest = 20;

Duration UpTo(Rng& rng, Duration most) {
  return Duration(static_cast<std::int64_t>(rng.Below(static_cast<std::uint64_t>(most.count()))));
}

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : sim_(seed) {}

  void Run() {
    const auto workers = static_cast<std::uint32_t>(1 + sim_.rng.Below(5));
    for (std::uint32_t i = 0; i < workers; ++i) Join();
    const Duration run_time = seconds(18 + sim_.rng.Below(15));
    end_ = run_time;
    const auto users = static_cast<std::uint32_t>(1 + sim_.rng.Below(100));
    ASSERT_TRUE(sim_.StartRun(ConstantRun(users, run_time, workers)).ok());
    const std::uint64_t faults = sim_.rng.Below(8);
    for (std::uint64_t i = 0; i < faults; ++i) {
      sim_.events.In(UpTo(sim_.rng, run_time + seconds(2)), [this] { Fault(); });
    }
    if (sim_.rng.Below(3) == 0) sim_.events.In(seconds(10), [this] { Join(); });
    while (!sim_.outcome() && sim_.events.now() < run_time + seconds(90)) {
      sim_.RunFor(milliseconds(700));
      if (!sim_.outcome()) CheckUsers();
    }
    ASSERT_TRUE(sim_.outcome());
    ASSERT_EQ(sim_.outcome()->kind, coordinator::Outcome::Kind::kDone) << sim_.outcome()->why;
    CheckTotals();
    if (sim_.rng.Below(4) == 0) CheckJournal();
  }

 private:
  void Join() {
    SimWorker& worker = sim_.AddWorker(static_cast<std::uint32_t>(1 + sim_.rng.Below(3)),
                                       UpTo(sim_.rng, seconds(2000)) - seconds(1000));
    sim_.path(worker).longest = milliseconds(1 + sim_.rng.Below(15));
    quiet_from_ = std::max(quiet_from_, sim_.events.now() + seconds(4));
  }

  void Fault() {
    SimWorker& worker = *sim_.workers()[sim_.rng.Below(sim_.workers().size())];
    if (!worker.alive() || sim_.outcome()) return;
    // Silences one after another may add up to more than the master waits for at the end.
    if (sim_.events.now() < sim_.path(worker).swallowed_until + seconds(4)) return;
    Duration trouble(0);
    switch (sim_.rng.Below(5)) {
      case 0:
        sim_.Cut(worker, UpTo(sim_.rng, milliseconds(300)), UpTo(sim_.rng, milliseconds(300)));
        break;
      case 1:  // the master keeps the old stream for long
        sim_.Cut(worker, UpTo(sim_.rng, milliseconds(100)), trouble = UpTo(sim_.rng, seconds(6)));
        break;
      case 2:
        sim_.Swallow(worker, trouble = UpTo(sim_.rng, seconds(7)));
        break;
      case 3: {  // silence, then the stream is gone
        sim_.Swallow(worker, trouble = UpTo(sim_.rng, seconds(6)));
        sim_.Cut(worker, trouble, trouble + UpTo(sim_.rng, seconds(1)));
        break;
      }
      case 4:
        // Dead man's switch, if there is time to come back before the end.
        trouble = seconds(11) + UpTo(sim_.rng, seconds(4));
        if (sim_.events.now() + trouble + seconds(4) > end_) return;
        sim_.Swallow(worker, trouble);
        break;
    }
    quiet_from_ = std::max(quiet_from_, sim_.events.now() + trouble + seconds(8));
  }

  void CheckUsers() {
    if (sim_.master().state() != coordinator::RunState::kRunning) return;
    const Duration t = sim_.events.now() - *sim_.workers()[0]->start();
    // Clocks differ by some ms, so not at the moment of a change: the ramp and the end.
    if (sim_.events.now() < quiet_from_ || t < seconds(1)) return;
    if (Duration(sim_.plan().end_ns()) - t < milliseconds(50)) return;
    EXPECT_EQ(sim_.running_users(), sim_.planned_users()) << "at " << Seconds(t) << " s";
    ++checks_;
  }

  void CheckTotals() {
    EXPECT_FALSE(sim_.outcome()->totals_differ);
    v1::Totals truth;
    for (const auto& worker : sim_.workers()) {
      if (worker->starts() == 0) continue;  // joined after the end
      const auto& there = sim_.master().results()->workers().at(worker->index());
      EXPECT_TRUE(stats::SameTotals(there.totals, worker->truth())) << "worker " << there.index;
      EXPECT_FALSE(there.totals_differ);
      stats::AddTotals(truth, worker->truth());
    }
    EXPECT_TRUE(
        stats::SameTotals(stats::ComputeTotals(sim_.master().results()->endpoints()), truth));
  }

  void CheckJournal() {
    results::Results again;
    std::map<std::uint64_t, std::uint64_t> sequence;
    for (const v1::JournalRecord& record : sim_.records()) {
      ASSERT_TRUE(again.Apply(record).ok());
      if (!record.has_snapshot()) continue;
      const v1::Snapshot& snapshot = record.snapshot().snapshot();
      EXPECT_EQ(snapshot.sequence(), ++sequence[snapshot.session()]);
    }
    EXPECT_TRUE(stats::SameTotals(stats::ComputeTotals(again.endpoints()),
                                  stats::ComputeTotals(sim_.master().results()->endpoints())));
  }

  Simulation sim_;
  Duration end_{0};  // of the load, roughly
  Duration quiet_from_{0};
  int checks_ = 0;
};

class RandomFaults : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomFaults, LoseNothingAndKeepUsersOnPlan) {
  SetLogLevel(LogLevel::kError);
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kSeedsPerTest; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Schedule(seed).Run();
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFaults, testing::Range<std::uint64_t>(1, 201, kSeedsPerTest));

}  // namespace
}  // namespace sfp::test
