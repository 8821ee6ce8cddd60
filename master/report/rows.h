#pragma once

// The rows of the table, each with its verdict.
//
// Thread: pure functions.

#include <vector>

#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

// One per level of a sweep; else the whole run as its only row.
std::vector<Row> RowsOf(const results::Results& results);
// How late planned wake-ups ran, over all workers.
std::optional<Duration> LagP99(const results::Results& results);

}  // namespace sfp::report
