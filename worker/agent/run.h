#pragma once

// What an agent keeps of one run: how far it is, the newest plan, the merged intervals on their way
// to the master, and the totals over all of them.
//
//   preparing --> prepared --> running --> stopping --> finished
//                               ^   |
//                               '---' halted: the load is off, the run is not over
//
// Thread: confined to the agent's loop.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock_watch.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "common/plan/plan.h"
#include "common/session/outbox.h"
#include "common/stats/interval.h"
#include "worker/agent/merger.h"

namespace sfp::agent {

class Run {
 public:
  enum class Phase { kPreparing, kPrepared, kRunning, kStopping, kFinished };

  Run(std::uint64_t id, std::uint64_t session, std::uint32_t threads, plan::Plan first)
      : plan(std::move(first)), merger(threads), id_(id), session_(session) {}

  std::uint64_t id() const { return id_; }

  Phase phase = Phase::kPreparing;
  plan::Plan plan;                     // the newest revision
  std::optional<std::string> refused;  // why it could not be prepared
  Time start{};
  bool engines_on = false;     // from StartEngines until all are idle
  bool halted = false;         // stopped by the dead man's switch or a full outbox
  bool paused = false;         // the lease on the users is out: nobody's users run here
  bool shared = false;         // a plan of the run had other workers in it
  bool wanted_again = false;   // halted, and the master is back or takes snapshots again
  bool finished_sent = false;  // on this stream
  Time idle_since{};           // when the engines were last all idle
  Merger merger;
  session::Outbox outbox;

  // The plan's end is reached: nothing is to be run any more.
  bool PlanIsOver(Time now) const { return plan.end() && now >= start + *plan.end(); }

  // The plan as this worker's engines are to follow it.
  plan::Plan ToFollow(std::uint32_t worker) const { return paused ? plan.Without(worker) : plan; }
  // Users are off in this second, which its snapshot will say.
  void Paused(Time now);

  // Into the outbox, in order; their memory is the merger's to spare.
  void Record(std::vector<stats::Interval> intervals);
  // An empty one which says that nothing follows; none if nothing was ever measured.
  void RecordLast();
  // What happened to the clocks goes out with the next snapshot.
  void Notice(const ClockChange& change);

  v1::Totals totals() const { return totals_; }

 private:
  void Add(const stats::Interval& interval, bool last);

  std::uint64_t id_;
  std::uint64_t session_;
  v1::Totals totals_;
  std::uint32_t newest_second_ = 0;
  Duration newest_end_{0};
  ClockChange clocks_;
  std::set<std::uint32_t> paused_seconds_;  // not delivered yet
};

}  // namespace sfp::agent
