#pragma once

// Tables for the terminal: one every 2 s while a run goes on, one at its end. Thread: pure
// functions.

#include <string>

#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

// Per endpoint: counts and times since the start, rates of the newest 10 complete seconds.
std::string LiveTable(const results::Results& results);

struct Look {
  bool colour = false;  // what is good or bad, for terminals
  std::string files;    // where the report lies; empty: it is not said
};

// Rows, endpoints, failures, thresholds, and last the verdict.
std::string FinalTable(const Report& report, const Look& look = {});

}  // namespace sfp::report
