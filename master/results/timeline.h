#pragma once

// The run second by second: the series, the newest seconds in full, and the rows of a sweep.
// Results feeds it; it knows nothing of workers.
//
// A second is retained in full while it is incomplete or among the newest kRecent complete ones
// (and never more than kMostRetained of them); then only its series point stays and its figures are
// settled in its row. So a level's begin or end may become known a few seconds late: a row is
// always what is settled plus the retained seconds that lie in it. What comes for a settled second
// still counts in its row and its point; only the percentiles of that point stay as they were.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/stats/interval.h"
#include "master/results/batches.h"

namespace sfp::results {

// The whole cluster in one second, summed over workers; filled in as snapshots come.
struct SeriesPoint {
  std::uint32_t second = 0;
  std::uint32_t users = 0;  // at its end
  std::uint64_t started = 0;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t in_flight = 0;       // at its end
  double response_sum_s = 0;         // of its completed requests
  std::optional<Duration> p50, p95;  // once it is complete, if it has a request
  bool degraded = false;             // a worker was lost or had not delivered it
};

// How the workers themselves fared.
struct Generator {
  stats::Histogram lag;         // of planned wake-ups
  stats::Histogram loop_lag;    // of the loops' turns
  Duration throttled{0};        // their cgroups were held back, over all workers
  std::uint32_t intervals = 0;  // of a worker
  std::uint32_t busy = 0;   // of them, those in which a thread had its core for itself all the time
  std::uint32_t jumps = 0;  // seconds in which a wall clock was stepped or a machine suspended
  void Add(const stats::Interval& interval);
  void Merge(const Generator& other);
};

// A level of a sweep, or the whole run as its only row. It covers [begin_s, end_s).
struct Row {
  std::uint32_t users = 0;  // of a search over rates: how many may be busy
  double rate = 0;          // arrivals per second; 0: the closed model
  std::uint32_t begin_s = 0;
  std::optional<std::uint32_t> end_s;  // absent while it runs
  std::uint64_t in_flight = 0;         // at its end, or now
  stats::EndpointStats total;          // over all endpoints that are not apart
  Generator generator;
  std::vector<std::uint64_t>
      per_second;                      // completed requests in each of its seconds delivered so far
  std::vector<double> response_sum_s;  // sum of response times in each of them
  Batches batches;                     // of its seconds
  bool degraded = false;
};

// Completed and failed requests of one endpoint.
struct Counts {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
};

class Timeline {
 public:
  static constexpr std::uint32_t kRecent = 10;
  static constexpr std::uint32_t kMostRetained = 60;

  // What one worker measured. Seconds that it left out behind `previous` (it rotated late) take
  // `carried_users` and `carried_in_flight`, so that the sums over workers stay whole.
  void Add(const stats::Interval& interval, std::optional<std::uint32_t> previous,
           std::uint32_t carried_users, std::uint64_t carried_in_flight);
  // Seconds up to this one are complete. Never goes back.
  void Complete(std::uint32_t second);
  // A worker's wall clock was stepped in this second, or a machine suspended.
  void NoteJump(std::uint32_t second);
  // Seconds [from, to) are degraded, those that have not come yet included.
  void MarkDegraded(std::uint32_t from, std::uint32_t to);
  // From here on every new second is degraded, until told otherwise.
  void SetDegraded(bool degraded) { degraded_ = degraded; }

  // A new row; or, if the last one is open and has the same load, its new begin.
  Status StartLevel(std::uint32_t users, std::uint32_t begin_s, double rate = 0);
  Status EndLevel(std::uint32_t end_s);
  // No level may begin or end before this second any more.
  std::uint32_t first_retained() const { return first_retained_; }
  bool level_open() const { return !rows_.empty() && !rows_.back().end_s; }

  const std::vector<SeriesPoint>& series() const { return series_; }
  const std::vector<Row>& rows() const { return rows_; }
  std::optional<std::uint32_t> complete() const { return complete_; }

  // Over the newest complete seconds, at most kRecent of them.
  stats::Histogram Recent(std::uint32_t seconds) const;
  // This endpoint is no part of the totals over all.
  void SetApart(std::size_t endpoint) { apart_.insert(endpoint); }
  // From now on this endpoint's figures are kept for RecentStats.
  void Watch(std::size_t endpoint) { watched_.emplace_back(endpoint); }
  // Of one that is watched, or of all; and of how many seconds.
  stats::EndpointStats RecentStats(std::optional<std::size_t> endpoint,
                                   std::uint32_t& seconds) const;
  // Per endpoint; and of how many seconds.
  std::vector<Counts> RecentCounts(std::uint32_t& seconds) const;

 private:
  struct Second {
    stats::EndpointStats total;
    Generator generator;
    std::vector<Counts> endpoints;
    std::map<std::size_t, stats::EndpointStats> watched;
  };

  SeriesPoint& PointOf(std::uint32_t second);
  void AddToSecond(std::uint32_t second, const stats::Interval& interval);
  // Of one row, what its seconds that are not retained any more brought.
  struct Settled {
    stats::EndpointStats total;
    Generator generator;
    Batches batches;
  };

  void AddToPoint(SeriesPoint& point, const stats::EndpointStats& stats);
  void FillPercentiles(std::uint32_t second);
  void Settle();
  Row* RowOf(std::uint32_t second);
  void Rebuild(std::size_t row);
  // The figures that follow from the series, of rows that reach behind `since`: from there on.
  void RefreshRows(std::uint32_t since);
  void RefreshRow(Row& row, std::uint32_t since) const;
  std::uint32_t FirstRecent(std::uint32_t seconds) const;

  std::vector<SeriesPoint> series_;
  std::vector<bool> marked_;                 // degraded seconds that may not have come yet
  std::map<std::uint32_t, Second> seconds_;  // retained
  std::uint32_t first_retained_ = 0;         // all before it are settled
  std::optional<std::uint32_t> complete_;
  std::vector<Row> rows_;
  std::vector<Settled> settled_;      // by row
  std::vector<std::size_t> watched_;  // endpoints
  std::set<std::size_t> apart_;       // endpoints
  bool degraded_ = false;
};

}  // namespace sfp::results
