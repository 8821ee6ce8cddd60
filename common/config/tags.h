#pragma once

// The tasks that --tags and --exclude-tags leave, as if the file had no others: without them a
// class may have no task at all, and is left out, too, and so are thresholds on what is not there
// any more. Tasks that on_start and on_stop name stay, with a weight of 0.
//
// Thread: pure functions.

#include "common/config/config.h"
#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace sfp::config {

void ApplyTags(Node& root, const Overrides& overrides, Diagnostics& diagnostics);

}  // namespace sfp::config
