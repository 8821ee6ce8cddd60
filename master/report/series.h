#pragma once

// The run's course for charts, in the page and in report.html: columns of equal length, one element
// for each slot of results::History.
//
//   {"step_s":1,"from_s":0,"end_s":3,"t":[0,1,2],"users":[…],"rps":[…],"failures_per_s":[…],
//    "p50_ms":[…],"p95_ms":[…],"p99_ms":[…],"heat":[[bucket,count,bucket,count…],…]}
//
// What was not measured is null. The last slot may be shorter than the step: it ends at end_s. The
// buckets of `heat` are those of results::History.
//
// Thread: pure functions.

#include <cstdint>
#include <optional>

#include "master/report/json_writer.h"
#include "master/results/results.h"

namespace sfp::report {

struct SeriesOptions {
  std::optional<std::size_t> endpoint;                    // absent: over all
  std::uint32_t from_s = 0;                               // slots that begin here or later
  std::size_t most_slots = results::History::kMostSlots;  // with fewer, neighbours become one
  bool heat = true;
};

// Of the complete seconds; of a run that is over, of all.
void WriteSeries(JsonWriter& w, const results::Results& results, const SeriesOptions& options);

}  // namespace sfp::report
