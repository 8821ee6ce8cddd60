#pragma once

// junit.xml: a run as CI systems show tests (Jenkins, GitLab, GitHub and others). One suite; a case
// for each threshold, one for the run's verdict and one for its completeness. An invalid
// measurement is a failed case, also where the exit code says so with --strict only; of a degraded
// one the reasons stand in the suite's output.
//
// It keeps to what the strictest of the schemas in use (Ant's) and the laxer ones all allow.
//
// Thread: pure function.

#include <string>

#include "master/report/model.h"

namespace sfp::report {

std::string ToJunit(const Report& report);

}  // namespace sfp::report
