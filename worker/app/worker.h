#pragma once

// The worker's shell: it connects the agent (decisions) with the control stream, the engine
// threads, signals and time.
//
//   main thread: control loop          agent <-> control::ControlClient, tick every 50 ms, signals
//   engine threads: one loop each      EngineThread
//   a thread while a run is prepared   compilation, name resolution
//
// Thread: Run on the main thread.

#include "worker/app/options.h"

namespace sfp::app {

// Joins the master and works for it until it says goodbye, a signal comes or it refuses; the exit
// code.
int RunWorker(const WorkerOptions& options);

}  // namespace sfp::app
