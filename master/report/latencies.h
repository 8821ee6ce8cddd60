#pragma once

// Figures of one histogram or of one endpoint's counters, in the report's units.
//
// Thread: pure functions.

#include <span>
#include <string>

#include "common/stats/interval.h"
#include "master/report/model.h"

namespace sfp::report {

struct Percentile {
  const char* key;  // as in the JSON
  double q;
  Number Latencies::*field;
};
std::span<const Percentile> Percentiles();

Latencies LatenciesOf(const stats::Histogram& histogram);
// Empty if nothing was recorded.
std::optional<Latencies> Measured(const stats::Histogram& histogram);

// What tables with percentiles say where requests were given up; empty if none was.
std::string CensoredNote(const Report& report);

// `window_s`: the time that the counters cover.
Endpoint EndpointOf(const stats::EndpointStats& stats, std::string name, std::string method,
                    double window_s);

Number PerSecond(std::uint64_t count, double window_s);
Number Percent(std::uint64_t part, std::uint64_t whole);
Number QuantileMs(const stats::Histogram& histogram, double q);
// Of the requests that succeeded.
Number SuccessAverageMs(const stats::EndpointStats& stats);

}  // namespace sfp::report
