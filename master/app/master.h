#pragma once

// The master's shell: it connects the coordinator (decisions) with the workers' streams, the
// journal, signals, the web side, people and time. One loop; gRPC's threads post into it.
//
// Exit codes: 0 done, thresholds held; 1 a threshold failed; 2 bad usage or configuration; 3 the
// run is incomplete; 4 invalid and --strict; 130 interrupted. Reports are written on every way out
// of a run that has begun.
//
// Thread: Run on the main thread.

#include "common/config/config.h"
#include "master/app/options.h"
#include "master/app/resume.h"

namespace sfp::app {

// Runs the configured load once (--headless), or stays for further runs until a signal comes.
// With `open`, --resume: goes on with that run.
int RunMaster(const MasterOptions& options, config::Config config, std::optional<OpenRun> open);

}  // namespace sfp::app
