#pragma once

// The rows of the table, each with its verdict.
//
// Thread: pure functions.

#include <string>
#include <vector>

#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

// One per level of a sweep; else the whole run as its only row.
std::vector<Row> RowsOf(const results::Results& results);
// A level's load in words: "50 users", "120 arrivals per second".
std::string LoadOf(const Row& row);
// Whether the run as a whole is one measurement: no sweep, and a constant load for most of it. If
// so, its figures have intervals.
bool IsSteady(const results::Results& results);

}  // namespace sfp::report
