#pragma once

// Tasks done once by one user, in a child process (`sfp-worker --once`): the master sends no
// requests itself. Used by `try`, `setup:` and `teardown:`.
//
// Thread: main. Blocks until the child is done.

#include <functional>
#include <string>

#include "common/base/status.h"
#include "sfp/v1/scenario.pb.h"
#include "sfp/v1/trace.pb.h"

namespace sfp::app {

// `told` gets each record as it comes. Cancelled if `interrupted` is set by a signal that comes
// meanwhile. Not OK if nothing was sent (the scenario's or target's fault), or the child broke off.
Status DoOnce(const v1::Scenario& scenario, std::uint64_t seed,
              const std::function<bool()>& interrupted,
              const std::function<void(const v1::Trace&)>& told);

}  // namespace sfp::app
