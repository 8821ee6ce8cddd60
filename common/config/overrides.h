#pragma once

// What the command line sets, put into the tree as if the file had said so, and so checked by the
// same rules:
//
//   --host                      target.url
//   --users                     load becomes (or stays) a constant one
//   --sweep                     load becomes (or stays) a sweep
//   --rate                      load becomes (or stays) arrivals; with --find the highest that is
//                               tried
//   --find                      load becomes (or stays) a search; --users is the most, or with
//                               --rate how many may be busy
//   --spawn-rate, --run-time    of that load; --step-time of a sweep
//   --iterations                of users
//
// Options that contradict each other, or the load that is left, are findings. A file without `load`
// gets one of a single user here.
//
// Thread: pure function.

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace sfp::config {

void ApplyOverrides(Node& root, const Overrides& overrides, Diagnostics& diagnostics);

}  // namespace sfp::config
