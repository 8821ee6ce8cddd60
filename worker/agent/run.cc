#include "worker/agent/run.h"

#include <algorithm>

namespace sfp::agent {

void Run::Record(std::vector<stats::Interval> intervals) {
  for (stats::Interval& interval : intervals) {
    Add(interval, false);
    merger.Spare(std::move(interval));
  }
}

void Run::RecordLast() {
  if (outbox.recorded() == 0) return;
  stats::Interval nothing;
  nothing.index = newest_second_;
  nothing.begin = nothing.end = newest_end_;
  Add(nothing, true);
}

void Run::Paused(Time now) {
  if (now < start) return;
  paused_seconds_.insert(static_cast<std::uint32_t>((now - start) / std::chrono::seconds(1)));
}

void Run::Notice(const ClockChange& change) {
  clocks_.step += change.step;
  clocks_.suspended += change.suspended;
}

void Run::Add(const stats::Interval& interval, bool last) {
  stats::AddTotals(totals_, stats::ComputeTotals(interval.endpoints));
  newest_second_ = std::max(newest_second_, interval.index);
  newest_end_ = std::max(newest_end_, interval.end);
  v1::Snapshot snapshot;
  stats::ToProto(interval, snapshot);
  snapshot.set_run(id_);
  snapshot.set_session(session_);
  // By the totals, which also hold what threads that are idle by now, or engines before a halt,
  // left behind.
  snapshot.set_in_flight(totals_.started() - totals_.succeeded() - totals_.failed());
  snapshot.set_last(last);
  snapshot.set_clock_step_ns(clocks_.step.count());
  snapshot.set_suspended_ns(clocks_.suspended.count());
  clocks_ = {};
  snapshot.set_paused(paused_seconds_.contains(interval.index));
  paused_seconds_.erase(paused_seconds_.begin(), paused_seconds_.lower_bound(interval.index));
  outbox.Add(std::move(snapshot));
}

}  // namespace sfp::agent
