#pragma once

// The state of things in the text format of Prometheus (version 0.0.4): counters and classic
// histograms per endpoint, gauges of the run. A new run begins at 0, which Prometheus takes for a
// restart.
//
// Thread: pure function.

#include <string>

#include "master/web/backend.h"

namespace sfp::web {

// `results`: null before the first run.
std::string Metrics(const RunStatus& status, const results::Results* results);

}  // namespace sfp::web
