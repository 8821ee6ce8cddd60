#pragma once

// Whether a run kept its thresholds. A threshold on what was not measured (no request, no such
// endpoint) is not held: a run that sent nothing must not pass.
//
// Thread: pure functions.

#include <span>
#include <string>

#include "common/config/threshold.h"
#include "master/report/model.h"

namespace sfp::report {

// The metric's value in the threshold's unit (ms, %, 1/s or a number).
Number MetricOf(const Endpoint& endpoint, std::string_view metric);

Threshold Evaluate(const config::Threshold& threshold, const Report& report);

}  // namespace sfp::report
