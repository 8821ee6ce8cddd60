#pragma once

// From a valid configuration to what the coordinator runs: the compiled scenario's endpoints, the
// load's shape, how levels end.
//
// Thread: safe, pure.

#include <cstdint>
#include <string>

#include "common/base/status.h"
#include "common/config/config.h"
#include "master/coordinator/run_spec.h"

namespace sfp::app {

// Everything but the run's id, numbers and workers. Refuses a scenario that does not compile.
StatusOr<coordinator::RunSpec> MakeRunSpec(const config::Config& config);

// For people: "constant: 100 users, 10 per second, 5m" …
std::string Describe(const plan::Shape& shape);

}  // namespace sfp::app
