#pragma once

// The state machine of one run. The Coordinator has one at a time and tells it what its workers do;
// it answers through the CoordinatorShell and the workers' streams.
//
//   run.cc          streams, and what workers say
//   run_states.cc   states, from waiting to the end
//   run_load.cc     the plan: owners, lost and returning workers, levels, live edits
//   run_resume.cc   going on with the run of a master that was killed
//   run_progress.cc the live figures
//
// A worker's part in the run:
//   invited (Prepare sent) --> prepared --> started (Start sent) --> finished
//   beside it: lost (its entries are with the others; it may come back), left (it said so,
//   for good)
//
// Owners: `home_` is the table as it is when nobody is lost. The table in force is a pure function
// of home_ and of who is away, so a worker that comes back gets exactly its entries.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/plan/shares.h"
#include "common/session/inbox.h"
#include "master/coordinator/coordinator.h"
#include "master/coordinator/registry.h"
#include "master/coordinator/resumption.h"

namespace sfp::coordinator {

class Run {
 public:
  static constexpr Duration kSilence = std::chrono::milliseconds(2500);
  static constexpr Duration kBetweenLooks = std::chrono::milliseconds(100);  // for lost workers
  static constexpr Duration kResumption = std::chrono::seconds(1);
  static constexpr Duration kLead = std::chrono::milliseconds(500);  // from Start to the start
  static constexpr Duration kSayMissing = std::chrono::seconds(30);  // after so long, and then
  static constexpr Duration kSayMissingEvery = std::chrono::seconds(60);
  static constexpr Duration kPrepareTime = std::chrono::seconds(60);
  static constexpr Duration kAllAway = std::chrono::seconds(30);
  static constexpr Duration kStopMargin = std::chrono::seconds(5);
  static constexpr Duration kReturn =
      std::chrono::seconds(10);  // a lost worker is waited for at the end
  // After a restart of the master: workers try to come back every 2 s.
  static constexpr Duration kComeBack = std::chrono::seconds(5);
  // A journal that is so far behind is not waited for any more: snapshots are acknowledged without.
  static constexpr Duration kJournalPatience = std::chrono::seconds(3);
  static constexpr Duration kLastFlush = std::chrono::seconds(2);
  inline static const std::string kTooSlow = "the disk is too slow";

  Run(RunSpec spec, std::unique_ptr<Journal> journal, Registry& registry, CoordinatorShell& shell,
      Time now);
  // Goes on where another master was stopped; `spec` has been through Adopt.
  Run(RunSpec spec, Resumption from, std::unique_ptr<Journal> journal, Registry& registry,
      CoordinatorShell& shell, Time now);

  RunState state() const { return state_; }
  bool over() const { return state_ == RunState::kFinished; }
  const results::Results& results() const { return results_; }
  Progress ProgressAt(Time now) const;

  // What the worker's Welcome says: the run it takes part in and what is safe of it.
  struct Known {
    std::uint64_t run = 0;
    std::uint64_t sequence = 0;
  };
  // Why such a run cannot be, if it cannot.
  static Status Check(const RunSpec& spec);

  // A stream of this worker begins, which says that it is in `hello_run`. An error: it cannot go
  // on.
  StatusOr<Known> OnHello(const Worker& worker, std::uint64_t hello_run);
  // Behind the Welcome: whatever the worker has to know.
  void OnWelcome(Worker& worker, Time now);
  // Any message came: a lost worker is back.
  void OnHeard(Worker& worker, Time now);

  // An error is an impossible message.
  Status OnPrepared(Worker& worker, const v1::Prepared& prepared, Time now);
  Status OnSnapshot(Worker& worker, v1::Snapshot& snapshot, Time now);  // takes it away
  Status OnFinished(Worker& worker, const v1::Finished& finished, Time now);
  void OnLeaving(Worker& worker, const std::string& reason, Time now);
  // Another one is in its place, and was told so: as if it left.
  void OnReplaced(Worker& worker, Time now);
  // Its stream was closed for an impossible message: it takes no part any more.
  void OnBanned(Worker& worker, Time now);

  void Tick(Time now);
  // Of the machine that we run on.
  void OnClocksChanged(const ClockChange& change, Time now);
  void Stop(const std::string& why, Time now);
  Status SetUsers(std::uint32_t users, double spawn_rate, Time now);
  Status SetRate(double rate, Time now);
  void ResetWindow() { results_.StartWindow(); }

  bool TakesPart(std::uint32_t index) const { return parts_.contains(index); }
  bool IsLost(std::uint32_t index) const {
    const auto part = parts_.find(index);
    return part != parts_.end() && part->second.lost;
  }

 private:
  enum class Stage { kInvited, kPrepared, kStarted, kFinished };
  struct Part {
    Stage stage = Stage::kInvited;
    Time invited{};
    bool knows = true;  // had the Prepare, as far as its last Hello says
    bool lost = false;
    bool left = false;
    bool waits_for_start = false;  // to be sent behind the next revision
    Time lost_since{};
    // A late one: its record, which must be safe before it starts.
    struct Joining {
      std::uint64_t record;
      Time since;
    };
    std::optional<Joining> joining;
    session::Inbox inbox;
    std::uint64_t acked = 0;  // of what the inbox let through
    // Its users can be counted on.
    bool present() const { return stage == Stage::kStarted && !lost && !left; }
    bool awaited() const { return stage == Stage::kStarted; }
  };

  // run.cc and run_states.cc
  void TickWaiting(Time now);
  void TickPreparing(Time now);
  void TickRunning(Time now);
  void TickStopping(Time now);
  void SendPrepare(const Worker& worker);
  void Invite(Worker& worker, Time now);
  std::string WhoIsMissing() const;
  double ConnectedPart() const;
  std::string Overburdened() const;
  std::string ShortOfMemory() const;
  void BeginStart(Time now);
  void SendStart(const Worker& worker);
  void SendStop(const Worker& worker);
  void SendAll(
      const Worker& worker);  // plan, start and, if it is over, stop: to one that comes back
  // A limited number of iterations: nobody is left who will do any.
  bool IterationsAreOver(Time now) const;
  void StopAll(Time now);
  bool AskThresholds(Time now);
  void Finish(Outcome::Kind kind, const std::string& reason, Time now);
  bool Write(v1::JournalRecord& record, Time now);  // false: the run is over
  Part* PartOf(const Worker& worker);
  void WriteJoined(const Worker& worker, bool again, Time now);
  static void WarnOfClocks(const Worker& worker, const v1::Snapshot& snapshot);
  void AckWhatIsSafe(Time now);
  std::vector<plan::Share> SharesOf(bool present_only) const;
  template <typename Fill>
  bool WriteRecord(Time now, Fill fill) {
    v1::JournalRecord record;
    fill(record);
    return Write(record, now);
  }
  void Send(const Worker& worker, const v1::MasterMessage& message);

  // run_load.cc
  void Rebalance();
  void GiveEntries(std::uint32_t index);  // of the owner table, to one that has none
  // The same for one that takes another's place: exactly its entries, if it is as strong.
  void TakeEntries(const Worker& worker);
  void SendPlan(Time now);  // the next revision, to all who started, and to the journal
  // Losses, returns and joinings of one tick make one revision: a master with a thousand workers
  // must not answer each with a thousand messages.
  void TickPlan(Time now);
  void Lose(Worker& worker, Part& part, const std::string& reason, Time now);
  void Return(Worker& worker, Part& part, Time now);
  void JoinLate(Worker& worker, Part& part, Time now);
  void TickLost(Time now);
  void TickLevels(Time now);
  void BeginLevel(double load, std::uint32_t at_s, Time now);  // users, or of rates: per second
  bool CloseLevel(std::uint32_t end_s, Time now);
  // The row ends at end_s, the next level begins, or the run ends, at at_s.
  void NextLevel(std::uint32_t end_s, std::uint32_t at_s, Time now);
  void AskPolicy(Time now);
  bool WriteLevelStarted(std::uint32_t begin_s, Time now);
  std::uint32_t EarliestChange(Time now) const;  // a second of the run, at least 1 s ahead

  // run_resume.cc
  void TickResuming(Time now);
  void GoOn(Time now);
  void TakeBack(Time now);
  bool GoOnWithLevel(std::optional<Duration> paused_from, std::uint32_t at_s, Time now);
  bool Here(std::uint32_t index) const;
  bool PlanIsOver(Time now) const;
  std::uint32_t LoadStopped() const;  // the first second without users, as far as is known

  // A snapshot that was applied and is on its way into the journal.
  struct Applied {
    std::uint64_t record;
    std::uint32_t worker;
    std::uint64_t sequence;
    Time since;
  };

  const RunSpec spec_;
  const std::unique_ptr<Journal> journal_;
  Registry& registry_;
  CoordinatorShell& shell_;
  results::Results results_;
  std::deque<Applied> unsafe_;
  v1::JournalRecord snapshot_record_;  // kept for its memory
  bool journal_late_ = false;          // its trouble was reported

  RunState state_ = RunState::kWaiting;
  Time waiting_since_;
  Time say_missing_at_;
  std::map<std::uint32_t, Part> parts_;
  v1::Plan plan_;  // owners in force, unless they have changed since
  bool owners_changed_ = false;
  plan::Owners home_;
  Time start_{};
  Duration away_from_{0};  // resumed: when the journal ends
  bool started_ = false;
  std::optional<Time> all_away_since_;
  Time next_look_{};
  // A sweep: the open level from 0, and until which second the policy was asked.
  std::size_t level_ = 0;
  double level_load_ = 0;
  std::uint32_t level_ramp_s_ = 0;
  std::uint32_t level_begin_s_ = 0;
  std::optional<std::uint32_t> level_end_s_;
  std::uint32_t level_full_s_ = 0;  // all users there; the row may begin later
  std::uint32_t asked_ = 0;
  std::optional<Duration> level_left_;
  std::string level_why_;
  bool last_level_ended_ = false;
  // Stopping.
  std::optional<std::string> stop_why_;  // StopRun, or a threshold
  std::string aborted_by_;               // its check
  std::uint32_t watched_ = 0;            // the first second that the thresholds have not seen
  Time stopping_since_{};
  bool stop_sent_ = false;
  bool totals_differ_ = false;
};

}  // namespace sfp::coordinator
