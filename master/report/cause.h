#pragma once

// What a failure of a kind usually means, in one line, with the setting to change.
//
// Thread: safe, no state.

#include <string_view>

#include "common/stats/outcome.h"

namespace sfp::report {

std::string_view Cause(stats::FailureKind kind);

}  // namespace sfp::report
