#pragma once

// Tables for the terminal: one every 2 s while a run goes on, one at its end. Thread: pure
// functions.

#include <string>

#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

// Per endpoint: counts and times since the start, rates of the newest 10 complete seconds.
std::string LiveTable(const results::Results& results);

// Rows, endpoints, failures, thresholds and the verdict.
std::string FinalTable(const Report& report);

}  // namespace sfp::report
