#pragma once

// What a run has brought so far, from its journal records alone: the coordinator applies each record here as
// it happens, `sfp-master report` applies the same records read back from journal.pb, so both
// come to the same figures. Snapshots must come once each (the coordinator's session sees to that); their
// order over workers does not matter.
//
// Seconds of the run are the grain: a second is complete when every worker that was in the run has
// delivered it. Memory is bounded: totals, one accumulator per sweep level, a compact series point per
// second, full histograms of the newest seconds only.
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
#include "sfp/v1/journal.pb.h"

namespace sfp::results {

// The whole cluster in one second, summed over workers; filled in as snapshots come.
struct SeriesPoint {
  std::uint32_t second = 0;
  std::uint32_t users = 0;       // at its end
  std::uint64_t started = 0;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t in_flight = 0;   // at its end
  std::optional<Duration> p50, p95;
  bool degraded = false;         // a worker was lost or had not delivered it
};

// A level of a sweep, or the whole run as its only row. It covers [begin_s, end_s).
struct Row {
  std::uint32_t users = 0;
  std::uint32_t begin_s = 0;
  std::optional<std::uint32_t> end_s;  // absent while it runs
  std::uint64_t in_flight = 0;         // at its end, or now
  stats::EndpointStats total;          // over all endpoints
  std::vector<std::uint64_t> per_second;  // completed requests in each of its seconds
  std::vector<double> response_sum_s;     // sum of response times in each of its seconds
  bool degraded = false;
};

struct Worker {
  std::uint32_t index = 0;
  std::string name;
  std::uint32_t threads = 0;
  bool lost = false;
  std::uint32_t rejoined = 0;
  double cpu_max = 0;
  stats::Histogram lag;
  std::uint32_t users = 0;         // at its newest snapshot
  std::uint64_t in_flight = 0;
  bool totals_differ = false;      // its own totals at the end are not ours
};

class Results {
 public:
  // Refuses a record that cannot be: an unknown worker, an endpoint that the run has not, a broken histogram. A refused
  // record changes nothing.
  Status Apply(const v1::JournalRecord& record);

  const v1::RunStarted& run() const;
  const std::vector<stats::EndpointStats>& endpoints() const;  // totals of the run, by EndpointId
  stats::EndpointStats Total() const;                           // over all endpoints
  std::uint64_t in_flight() const;
  const std::vector<SeriesPoint>& series() const;               // by second
  const std::vector<Row>& rows() const;                         // empty unless the run is a sweep
  const std::map<std::uint32_t, Worker>& workers() const;
  const std::optional<v1::RunEnded>& ended() const;
  // The newest second that every worker has delivered; what came until then is final.
  std::optional<std::uint32_t> complete_second() const;
  // Merged response times of the newest complete seconds (at most 10), for live displays.
  stats::Histogram Recent(std::uint32_t seconds) const;
  // How long users have run: from the start to the end of the newest delivered interval.
  Duration duration() const;

 private:
  // … the implementer's
};

}  // namespace sfp::results
