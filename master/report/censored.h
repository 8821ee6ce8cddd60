#pragma once

// Percentiles where requests were without an answer at the end (master/capacity/survival.h), in the
// report's units.
//
// Thread: pure functions.

#include "common/stats/interval.h"
#include "master/report/model.h"

namespace sfp::report {

// Of all requests that were begun: `stats.unanswered` says how old those were that were given up,
// of the rest in flight nothing is known. The plain percentiles if none is in flight.
Latencies ResponseTimes(const stats::EndpointStats& stats);

// The same for a level of a sweep, whose requests in flight at its end are mostly answered later:
// the answers that came in the level are as good a sample as any, as long as requests are shorter
// than the level. Of those that are not, some were in flight from its beginning to its end: that
// many are older than `window_s`.
Latencies ResponseTimesOfLevel(const stats::EndpointStats& stats, std::uint64_t in_flight,
                               double window_s);

}  // namespace sfp::report
