#pragma once

// Failures that are counted already while their causes have not been looked for yet: what the
// results hold beyond the rows that have a cause. One row for each endpoint and message, with an
// empty cause and the class that the failure alone tells; with the others they add up to all
// failures.
//
// Thread: pure function.

#include <vector>

#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::web {

std::vector<report::Failure> Unexplained(const results::Results& results,
                                         const std::vector<report::Failure>& explained);

}  // namespace sfp::web
