#pragma once

// `sfp-worker --once`: one user does the tasks of one class's on_start, each once, without waits,
// and everything is told on standard output (sfp/v1/trace.proto). There is no master to join: a
// v1::Prepare comes on standard input. What sfp-master's `try`, `setup:` and `teardown:` are made
// of.
//
// Thread: main; the user lives on an engine thread of its own.

#include "worker/app/options.h"

namespace sfp::app {

// 0 once the last record is out, whatever became of the tasks; 1 if the records can't be written.
int RunOnce(const WorkerOptions& options);

}  // namespace sfp::app
