#pragma once

// Where one loop counts what its users do. Started and completed requests may fall into different
// intervals; Rotate hands out what was counted since the last one and goes on with clean, recycled
// memory. No allocation in steady state: a histogram block, a status code or a failure row is
// allocated only when first seen, provided that intervals come back through Recycle.
//
// Thread: confined to its loop.

#include <cstdint>
#include <vector>

#include "common/stats/interval.h"

namespace sfp::stats {

class Recorder {
 public:
  Recorder(std::size_t endpoints, Time run_start);

  void Started(std::size_t endpoint);
  // A started request came to its end; failures are counted by FailureKey.
  void Completed(std::size_t endpoint, const Sample& sample);
  // The request that is about to be completed succeeds, though not as expected.
  void Warned(std::size_t endpoint, FailureKind kind, std::string message, const Sample& sample);
  void Skipped(std::size_t endpoint);
  void Dropped(std::size_t endpoint, std::uint64_t count);
  // A started request is given up, `age` after its start: it stays in flight for ever.
  void GaveUp(std::size_t endpoint, Duration age) {
    current_.endpoints[endpoint].unanswered.Record(age);
  }
  // A group of steps as a whole, at an endpoint of its own. It counts when it has ended, never as
  // under way; one that is broken off is Skipped.
  void GroupEnded(std::size_t endpoint, Time began, Time ended, bool succeeded);
  // A user has done one of its tasks (those of on_start and on_stop do not count).
  void Iteration() { ++current_.iterations; }
  // A user retires by itself, though the plan wants it.
  void UserStopped() { ++current_.users_stopped; }
  // A planned wake-up ran so late.
  void Lag(Duration late);
  // The loop turned so late.
  void LoopLag(Duration late) { current_.loop_lag.Record(late); }

  std::uint64_t in_flight() const { return in_flight_; }

  // Everything since the last rotation, as interval `index` that ends at `now`.
  Interval Rotate(std::uint32_t index, Time now, std::uint32_t users);
  // Memory of an interval that nobody needs any more, to be used again; one per rotation is enough.
  void Recycle(Interval&& interval);

 private:
  void CountIdle(const Sample& sample);
  void CountStatus(StatusMap& statuses, std::uint32_t code);
  void CountFailure(FailureMap& rows, const Failure& failure, Duration at);
  FailureStats& RowOf(FailureMap& rows, const Failure& failure);
  FailureStats& NewRow(FailureMap& rows, const FailureKeyView& key);

  const std::size_t endpoints_;
  Time run_start_;
  Time interval_begin_;
  std::uint64_t in_flight_ = 0;
  Interval current_;
  std::vector<Interval> spare_;
  std::vector<StatusMap::node_type> spare_statuses_;
  std::vector<FailureMap::node_type> spare_rows_;
};

}  // namespace sfp::stats
