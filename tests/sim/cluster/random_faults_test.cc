// Random schedules of cuts, silences, late deliveries, repetitions, slow disks, late workers,
// workers that are started twice in one place, and killed masters. Whatever happens, at the end the
// master has exactly what the engines counted, each snapshot once, and users were on plan whenever
// it had been quiet for a while.
//
//   SFP_SIM_SEEDS=5000 SFP_SIM_FIRST=1 sim_cluster_random_faults_test --gtest_filter=*Asked*
//
// runs more of them; a failure names its seed, and that one alone (SFP_SIM_SEEDS=1
// SFP_SIM_FIRST=it) repeats it.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "common/base/log.h"
#include "tests/sim/cluster/simulation.h"

namespace sfp::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kSeedsPerTest = 10;
constexpr Duration kUntilPaused = milliseconds(3200);
constexpr Duration kUntilHandedBack = milliseconds(1000);
// A new revision reaches each worker by its own path: who gains users may have them before those
// who lose them hear of it. The longest path takes 15 ms.
constexpr Duration kRevisionUnderWay = milliseconds(50);

Duration UpTo(Rng& rng, Duration most) {
  return Duration(static_cast<std::int64_t>(rng.Below(static_cast<std::uint64_t>(most.count()))));
}

// What happened in many schedules: that they were no idle ones.
struct Tally {
  std::uint64_t faults = 0, replaced = 0, masters_killed = 0, pauses = 0, lost = 0, checks = 0;
  std::uint64_t excess_checks = 0;
};

class Schedule {
 public:
  Schedule(std::uint64_t seed, Tally& tally) : sim_(seed), tally_(tally) {}

  void Run() {
    const auto workers = static_cast<std::uint32_t>(1 + sim_.rng.Below(5));
    places_ = sim_.rng.Below(2) == 0;
    for (std::uint32_t i = 0; i < workers; ++i) Join();
    began_alone_ = workers == 1;
    // The long ones have room for silences of 30 s.
    const bool is_long = sim_.rng.Below(8) == 0;
    const Duration run_time = seconds((is_long ? 60 : 18) + sim_.rng.Below(15));
    end_ = run_time;
    const auto users = static_cast<std::uint32_t>(1 + sim_.rng.Below(100));
    spec_ = [=] { return ConstantRun(users, run_time, workers); };
    sim_.disk.delay = sim_.rng.Below(3) == 0 ? UpTo(sim_.rng, milliseconds(2500)) : Duration(0);
    ASSERT_TRUE(sim_.StartRun(spec_()).ok());
    const std::uint64_t faults = sim_.rng.Below(8);
    if (sim_.rng.Below(4) == 0) {
      sim_.events.In(seconds(4) + UpTo(sim_.rng, run_time - seconds(3)), [this] { KillMaster(); });
    }
    if (is_long) sim_.events.In(seconds(6), [this] { LongSilence(); });
    for (std::uint64_t i = 0; i < faults; ++i) {
      sim_.events.In(UpTo(sim_.rng, run_time + seconds(2)), [this] { Fault(); });
    }
    if (sim_.rng.Below(3) == 0) sim_.events.In(seconds(10), [this] { Join(); });
    for (std::uint64_t i = places_ ? sim_.rng.Below(3) : 0; i > 0; --i) {
      sim_.events.In(seconds(3) + UpTo(sim_.rng, run_time - seconds(6)), [this] { Replace(); });
    }
    while (!sim_.outcome() && sim_.events.now() < run_time + seconds(150)) {
      for (int i = 0; i < 7; ++i) {
        sim_.RunFor(milliseconds(100));
        CheckExcess();
      }
      if (!sim_.outcome()) CheckUsers();
    }
    ASSERT_TRUE(sim_.outcome());
    ASSERT_EQ(sim_.outcome()->kind, coordinator::Outcome::Kind::kDone) << sim_.outcome()->why;
    CheckTotals();
    for (const v1::JournalRecord& record : sim_.records()) {
      tally_.lost += record.has_lost();
      tally_.pauses += record.resumed().paused_s() > 0;
    }
    tally_.checks += checks_;
    if (sim_.rng.Below(4) == 0) CheckJournal();
  }

 private:
  void Join() {
    const auto place = static_cast<std::uint32_t>(places_of_.size());
    places_of_.push_back(place);
    Join(places_ ? std::optional(place) : std::nullopt);
  }

  // Whatever has happened to the one that is there, it is not asked: perhaps nobody can reach it.
  void Replace() {
    if (sim_.outcome() || !sim_.master_alive()) return;
    const std::uint32_t place = places_of_[sim_.rng.Below(places_of_.size())];
    places_of_.push_back(place);
    ++tally_.replaced;
    Join(place);
    quiet_from_ += seconds(4);  // the older one has that long to end
  }

  void Join(std::optional<std::uint32_t> place) {
    SimWorker& worker = sim_.AddWorker(static_cast<std::uint32_t>(1 + sim_.rng.Below(3)),
                                       UpTo(sim_.rng, seconds(2000)) - seconds(1000), place);
    sim_.path(worker).longest = milliseconds(1 + sim_.rng.Below(15));
    if (sim_.rng.Below(3) == 0) sim_.path(worker).one_in_twice = 2 + sim_.rng.Below(6);
    quiet_from_ = std::max(quiet_from_, sim_.events.now() + seconds(4));
  }

  void Fault() {
    SimWorker& worker = *sim_.workers()[sim_.rng.Below(sim_.workers().size())];
    if (!worker.alive() || sim_.outcome()) return;
    // Silences one after another may add up to more than the master waits for at the end.
    if (sim_.events.now() < sim_.path(worker).swallowed_until + seconds(4)) return;
    if (!sim_.master_alive()) return;
    ++tally_.faults;
    Duration trouble(0);
    switch (sim_.rng.Below(7)) {
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
      case 5:  // what was sent arrives when the next stream is long in use
        sim_.path(worker).longest += milliseconds(200);
        sim_.Orphan(worker, trouble = UpTo(sim_.rng, seconds(3)));
        sim_.path(worker).longest -= milliseconds(200);
        break;
      case 6:  // not the network, but the master's own loop
        sim_.StallMaster(trouble = UpTo(sim_.rng, seconds(8)));
        break;
    }
    quiet_from_ = std::max(quiet_from_, sim_.events.now() + trouble + seconds(8));
    MayExceed(trouble);
  }

  void LongSilence() {
    SimWorker& worker = *sim_.workers()[sim_.rng.Below(sim_.workers().size())];
    // A run of which nobody is left for 30 s ends, as it should.
    if (!worker.alive() || sim_.outcome() || sim_.workers().size() < 2) return;
    sim_.Swallow(worker, seconds(30));
    MayExceed(seconds(30));
    quiet_from_ = std::max(quiet_from_, sim_.events.now() + seconds(30 + 8));
  }

  void KillMaster() {
    if (sim_.outcome() || !sim_.master_alive() || sim_.plan().owners().empty()) return;
    ++tally_.masters_killed;
    sim_.KillMaster();
    // Within the workers' patience, or beyond it.
    const Duration away = sim_.rng.Below(2) == 0 ? UpTo(sim_.rng, seconds(8))
                                                 : seconds(11) + UpTo(sim_.rng, seconds(15));
    sim_.events.In(away, [this] { ASSERT_TRUE(sim_.ResumeMaster(spec_()).ok()); });
    end_ += std::max(Duration(0), away - seconds(11));  // the load goes on for 10 s
    quiet_from_ = std::max(quiet_from_, sim_.events.now() + away + seconds(18));
    settled_from_ = quiet_from_;
  }

  // A worker that is cut off keeps its users for 3 s at most, while others may have got them after
  // 2.5 s; and for a moment when it is back.
  void MayExceed(Duration trouble) {
    const Duration now = sim_.events.now();
    exceeding_.emplace_back(now, now + kUntilPaused);
    exceeding_.emplace_back(now + trouble, now + trouble + kUntilHandedBack);
  }

  bool RevisionIsUnderWay(Duration t) const {
    for (auto record = sim_.records().rbegin(); record != sim_.records().rend(); ++record) {
      if (record->has_plan()) return t - Duration(record->t_ns()) < kRevisionUnderWay;
    }
    return false;
  }

  void CheckExcess() {
    const Duration now = sim_.events.now();
    if (sim_.outcome() || !sim_.master_alive() || sim_.workers()[0]->starts() == 0) return;
    if (sim_.master().state() != coordinator::RunState::kRunning) return;
    if (now < settled_from_ || began_alone_) return;
    for (const auto& [from, to] : exceeding_) {
      if (now >= from && now <= to) return;
    }
    const Duration t = now - *sim_.workers()[0]->start();
    if (t < seconds(1) || Duration(sim_.plan().end_ns()) - t < milliseconds(50)) return;
    if (RevisionIsUnderWay(t)) return;
    EXPECT_LE(sim_.running_users(), sim_.planned_users()) << "at " << Seconds(t) << " s";
    ++tally_.excess_checks;
  }

  void CheckUsers() {
    if (!sim_.master_alive() || sim_.workers()[0]->starts() == 0) return;
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
  Tally& tally_;
  std::function<coordinator::RunSpec()> spec_;
  Duration end_{0};  // of the load, roughly
  Duration quiet_from_{0};
  bool places_ = false;                   // workers come with places,
  std::vector<std::uint32_t> places_of_;  // these, by session
  Duration settled_from_{0};              // as quiet_from_, for masters that are killed
  std::vector<std::pair<Duration, Duration>> exceeding_;
  bool began_alone_ = false;  // such a worker does not pause, though a newcomer may get its users
  std::uint64_t checks_ = 0;
};

void RunSeeds(std::uint64_t first, std::uint64_t count) {
  SetLogLevel(count == 1 ? LogLevel::kInfo : LogLevel::kError);
  Tally tally;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Schedule(seed, tally).Run();
    if (testing::Test::HasFailure()) break;
  }
  std::printf(
      "%s seeds from %s: %s faults, %s workers replaced, %s times a worker lost, %s masters "
      "killed, %s pauses, users checked %s times, not too many %s times\n",
      std::to_string(count).c_str(), std::to_string(first).c_str(),
      std::to_string(tally.faults).c_str(), std::to_string(tally.replaced).c_str(),
      std::to_string(tally.lost).c_str(), std::to_string(tally.masters_killed).c_str(),
      std::to_string(tally.pauses).c_str(), std::to_string(tally.checks).c_str(),
      std::to_string(tally.excess_checks).c_str());
}

std::uint64_t NumberFrom(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class RandomFaults : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomFaults, LoseNothingAndKeepUsersOnPlan) { RunSeeds(GetParam(), kSeedsPerTest); }

// 703: a master came back when its only worker, paused at the last, had finished: it waited for
// ever. 1022: a worker whose Start was lost was replaced, and left without a word of having
// measured nothing.
TEST(RandomFaultsOnceFailed, LoseNothingAndKeepUsersOnPlan) {
  RunSeeds(703, 1);
  RunSeeds(1022, 1);
}

TEST(MoreRandomFaults, AsManySeedsAsAskedFor) {
  const std::uint64_t count = NumberFrom("SFP_SIM_SEEDS", 0);
  if (count == 0) GTEST_SKIP() << "SFP_SIM_SEEDS=N SFP_SIM_FIRST=S runs N seeds from S";
  RunSeeds(NumberFrom("SFP_SIM_FIRST", 1), count);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFaults, testing::Range<std::uint64_t>(1, 101, kSeedsPerTest));

}  // namespace
}  // namespace sfp::test
