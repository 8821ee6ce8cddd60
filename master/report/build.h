#pragma once

// Results into a Report: figures, verdicts (master/capacity), thresholds (common/config).
// Deterministic: the same journal gives the same report, live or read back.
//
// The row of a run that is no sweep covers the whole run. Its verdict is about the longest stretch
// of whole seconds with a constant number of users: a ramp is not stationary and is not meant to
// be.
//
// Thread: pure functions.

#include <functional>
#include <optional>
#include <vector>

#include "master/capacity/sweep_fit.h"
#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::report {

// While the run is on, what is still to come is no reason against it: the workers' last words, the
// end, and the row that is being measured.
enum class Moment { kRunIsOver, kRunIsOn };

// How a sweep's rows are fitted. FitSweep takes some 10 ms; who cannot wait gives another one,
// which may answer nothing, or with a fit of earlier rows.
using Fitter = std::function<std::optional<capacity::SweepFit>(
    const std::vector<capacity::SweepPoint>& points, const capacity::SweepFacts& facts)>;

Report Build(const results::Results& results, Moment moment = Moment::kRunIsOver,
             const Fitter& fitter = capacity::FitSweep);

// A part of it: why requests failed, and what that tells of the target.
void FindCauses(const results::Results& results, Report& report);

}  // namespace sfp::report
