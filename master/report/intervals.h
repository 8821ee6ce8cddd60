#pragma once

// The 95 % intervals of average, requests/s and p95 from a measurement's batches
// (master/capacity/batch_means.h), in the report's units. Empty where they cannot be computed:
// fewer than ten batches, no answers, or percentiles that are corrected or only bounded.
//
// Thread: pure functions.

#include <cstdint>

#include "common/stats/histogram.h"
#include "master/report/model.h"
#include "master/results/batches.h"

namespace sfp::report {

struct Intervals {
  Interval95 avg_ms, rps, p95_ms;
};

// Of the seconds [the batches' begin, end_s). `response`: the same response times in full.
Intervals IntervalsOf(const results::Batches& batches, std::uint32_t end_s,
                      const stats::Histogram& response);

}  // namespace sfp::report
