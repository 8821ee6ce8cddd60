#pragma once

// Results into a Report: figures, verdicts (master/capacity), thresholds (common/config).
// Deterministic: the same journal gives the same report, live or read back.
//
// The row of a run that is no sweep covers the whole run. Its verdict is about the longest stretch
// of whole seconds with a constant number of users: a ramp is not stationary and is not meant to
// be.
//
// Thread: pure functions.

#include <string>

#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

Report Build(const results::Results& results);

}  // namespace sfp::report
