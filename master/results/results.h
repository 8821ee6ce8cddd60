#pragma once

// What a run has brought so far, from its journal records alone: the coordinator applies each
// record here as it happens, `sfp-master report` applies the same records read back from
// journal.pb, so both come to the same figures. Snapshots must come once each (the coordinator's
// session sees to that); their order over workers does not matter.
//
// Seconds of the run are the grain: a second is complete when every worker that was in the run has
// delivered it. Memory is bounded: totals, one accumulator per sweep level, a compact series point
// per second, full histograms of the newest seconds only (see timeline.h).
//
// A second is degraded when a worker that should have run in it was lost: from the first second
// that it has not delivered until a new plan has given its users to others, whatever it delivers
// later. So is one without a master.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/stats/interval.h"
#include "master/results/history.h"
#include "master/results/timeline.h"
#include "sfp/v1/journal.pb.h"

namespace sfp::results {

// What happened to the clocks of a machine while the run was on (common/base/clock_watch.h). No
// figure uses a wall clock, but a virtual machine that was frozen shows by its step alone.
struct ClockTrouble {
  std::uint32_t steps = 0;
  std::uint32_t first_step_s = 0;  // in which second of the run it was noticed
  Duration largest_step{0};        // with its sign
  Duration suspended{0};           // altogether
  std::uint32_t first_suspended_s = 0;
};

// Two wall clocks that NTP holds are closer together.
inline constexpr Duration kMostWallOffset = std::chrono::seconds(1);
inline bool IsWrongWallClock(Duration offset) {
  return offset > kMostWallOffset || offset < -kMostWallOffset;
}

struct Worker {
  std::uint32_t index = 0;
  std::string name;
  std::uint32_t threads = 0;
  bool lost = false;  // now
  std::uint32_t rejoined = 0;
  double cpu = 0;  // in its newest interval
  double cpu_max = 0;
  stats::Histogram lag;
  stats::Histogram loop_lag;
  stats::Machine machine;   // throttling altogether, else the fullest moment
  std::uint32_t users = 0;  // at its newest snapshot; 0 while it is lost
  std::uint64_t in_flight = 0;
  // Its seconds are waited for: from the start, or, when it came later, from its first snapshot on.
  bool awaited = false;
  bool finished = false;       // it delivered all
  bool totals_differ = false;  // its own totals at the end are not ours
  v1::Totals totals;           // ours: over the snapshots of its newest session, digest included
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;              // of its newest snapshot
  std::optional<std::uint32_t> delivered;  // the newest second
  Duration delivered_until{0};             // the end of its newest interval
  std::uint64_t busiest_second = 0;        // most requests started in one delivered interval
  Duration heard{0};                       // when it was lost: the last sign of life before
  bool compared = false;                   // it told its own totals at the end
  std::optional<std::uint32_t> place;      // where it was told to stand
  bool replaced = false;                   // another one has come into its place
  // Its wall clock - the master's, when it joined, the farthest if it did so more than once.
  std::optional<Duration> wall_offset;
  ClockTrouble clocks;
};

// The master was killed and resumed: seconds [from_s, to_s) were without it, and what the plan
// still held comes later by paused_s.
struct Absence {
  std::uint32_t from_s = 0;
  std::uint32_t to_s = 0;
  std::uint32_t paused_s = 0;
};

// Failures that belong together because of when they came: many connections broke within a moment,
// or connections were refused for a while. Seconds [from_s, to_s].
struct Episode {
  std::uint32_t from_s = 0;
  std::uint32_t to_s = 0;
  std::vector<stats::FailureMap> failures;  // by EndpointId
};

// What connections showed of the server's habits, over the whole run.
struct Connections {
  stats::Histogram kept_idle;    // before requests that were answered
  stats::Histogram closed_idle;  // when they were found closed
  // Failures outside of episodes, by EndpointId; with the episodes' they are all.
  std::vector<stats::FailureMap> failures;
  std::vector<Episode> episodes;
};

// What a worker may have done without anybody knowing.
struct MayBeMissing {
  Duration span{0};              // from what it delivered to when its load had ended for certain
  std::uint64_t unanswered = 0;  // requests under way at its last report: how they ended
  // Requests started since, at the rate of its busiest second; absent if it never delivered.
  std::optional<std::uint64_t> requests;
};

class Results {
 public:
  // Refuses a record that cannot be: an unknown worker, an endpoint that the run has not, a broken
  // histogram, a snapshot that was there already. A refused record changes nothing.
  Status Apply(const v1::JournalRecord& record);

  const v1::RunStarted& run() const { return run_; }
  // Totals of the run, by EndpointId.
  const std::vector<stats::EndpointStats>& endpoints() const { return endpoints_; }
  // It is counted, but no total over endpoints contains it.
  bool apart(std::size_t endpoint) const {
    return run_.endpoints(static_cast<int>(endpoint)).apart();
  }
  stats::EndpointStats Total() const;  // over all endpoints that are not apart
  // The same in stretches of equal length: by EndpointId, and of all that are not apart.
  const std::vector<Batches>& batches() const { return batches_; }
  Batches TotalBatches() const;
  // Started and not ended, as far as is known; of lost workers too.
  std::uint64_t in_flight() const;
  const std::vector<SeriesPoint>& series() const { return timeline_.series(); }  // by second
  // Empty unless the run is a sweep.
  const std::vector<Row>& rows() const { return timeline_.rows(); }
  // No row may begin or end before this second any more.
  std::uint32_t first_retained() const { return timeline_.first_retained(); }
  const std::map<std::uint32_t, Worker>& workers() const { return workers_; }
  const std::optional<v1::RunEnded>& ended() const { return ended_; }
  // It was told to stop, and why.
  const std::optional<std::string>& stopping() const { return stopping_; }
  // The check of the threshold that stopped it; empty if none did.
  const std::string& aborted_by() const { return aborted_by_; }
  // Over the whole run.
  const Generator& generator() const { return generator_; }
  const Connections& connections() const { return connections_; }
  const std::vector<Absence>& absences() const { return absences_; }
  // Of the master's own machine.
  const ClockTrouble& clocks() const { return clocks_; }
  // If nothing more comes. Nothing if all that this worker measured is in.
  std::optional<MayBeMissing> Missing(const Worker& worker) const;
  // When the newest record was made, since the run's start.
  Duration newest() const { return newest_; }
  // The newest second that every worker has delivered; what came until then is final.
  std::optional<std::uint32_t> complete_second() const { return timeline_.complete(); }
  // Merged response times of the newest complete seconds (at most 10), for live displays.
  stats::Histogram Recent(std::uint32_t seconds) const { return timeline_.Recent(seconds); }
  // All figures of one endpoint (of all without one) in the newest complete seconds, at most 10,
  // and of how many. One endpoint's are known only if a threshold of the run asks for it.
  stats::EndpointStats RecentStats(std::optional<std::size_t> endpoint,
                                   std::uint32_t& seconds) const {
    return timeline_.RecentStats(endpoint, seconds);
  }
  // Completed requests per endpoint in the newest complete seconds, and of how many seconds (at
  // most 10).
  std::vector<Counts> RecentCounts(std::uint32_t& seconds) const {
    return timeline_.RecentCounts(seconds);
  }
  // The whole run in few points, for charts.
  const History& history() const { return history_; }
  // From now on window() counts anew: what a live display shows after a reset. The run's totals,
  // and so its report, stay whole.
  void StartWindow();
  const std::vector<stats::EndpointStats>& window() const {
    return window_.empty() ? endpoints_ : window_;
  }
  Duration window_begin() const { return window_begin_; }
  // How long users have run: from the start to the end of the newest delivered interval.
  Duration duration() const { return duration_; }
  // Tasks ended, those of on_start and on_stop not counted.
  std::uint64_t iterations() const { return iterations_; }
  // Users who retired by themselves: so many fewer than planned there are.
  std::uint64_t users_stopped() const { return users_stopped_; }
  // The newest one.
  const v1::Plan& plan() const { return plan_; }

 private:
  Status ApplyBody(const v1::JournalRecord& record, Duration at);
  Status OnRun(const v1::RunStarted& run);
  Status OnJoined(const v1::WorkerJoined& joined, Duration at);
  Status OnLost(const v1::WorkerLost& lost, Duration at);
  Status OnSnapshot(const v1::RecordedSnapshot& recorded, Duration at);
  Status OnPlan(const v1::Plan& plan, Duration at);
  Status OnResumed(const v1::RunResumed& resumed);
  Status OnFinished(const v1::WorkerFinished& finished);
  Status OnEnded(const v1::RunEnded& ended, Duration at);
  struct Checked {
    stats::Interval interval;
    v1::Totals totals;  // of the worker, with it
  };
  StatusOr<Checked> Check(const v1::RecordedSnapshot& recorded, const Worker& worker,
                          Duration at) const;
  void Count(Worker& worker, const v1::Snapshot& snapshot, Checked checked);
  void CountFailures(const stats::Interval& interval);
  void NoteJump(std::uint32_t second);
  Episode& EpisodeAt(std::uint32_t second);
  void UpdateComplete();

  bool started_ = false;
  v1::RunStarted run_;
  std::vector<stats::EndpointStats> endpoints_;
  std::vector<Batches> batches_;
  Connections connections_;
  Generator generator_;
  std::vector<stats::EndpointStats> window_;  // empty: there was no reset
  Duration window_begin_{0};
  std::map<std::uint32_t, Worker> workers_;
  Timeline timeline_;
  History history_;
  // The first second from which a lost worker's users have been missing, while nobody has taken
  // them over.
  std::optional<std::uint32_t> missing_since_;
  // The newest second that all who are waited for have delivered, and how many of them nothing
  // behind it.
  std::optional<std::uint32_t> least_;
  std::size_t at_least_ = 0;
  std::optional<v1::RunEnded> ended_;
  std::optional<std::string> stopping_;
  std::string aborted_by_;
  std::vector<Absence> absences_;
  ClockTrouble clocks_;
  std::optional<Duration> plan_end_;
  Duration newest_{0};
  Duration duration_{0};
  std::uint64_t iterations_ = 0;
  std::uint64_t users_stopped_ = 0;
  v1::Plan plan_;
};

}  // namespace sfp::results
