#pragma once

// --resume RUN_DIR: what has to be known before a master can go on with the run of one that was
// killed. The same holds for --out RUN_DIR if there is a run in it: what a directory holds is never
// sent a second time.
//
// Thread: main, before any other exists.

#include <string>

#include "common/base/status.h"
#include "master/app/options.h"
#include "master/coordinator/journal_file.h"
#include "master/coordinator/resumption.h"

namespace sfp::app {

struct OpenRun {
  coordinator::Resumption from;
  coordinator::JournalEnd journal;
};

StatusOr<OpenRun> ReadRun(const std::string& folder);
// Whether its journal has a record: a run that never began has none.
bool HoldsRun(const std::string& folder);

// The journal holds no secrets, so a resumed run needs its configuration again. An error names the
// first line in which the resolved texts differ.
Status SameConfig(const std::string& resolved, const std::string& of_the_run);

// Names the clock that Now() reads: equal names, equal times.
std::string ClockName();

// The run's start on this machine's clock; by the wall clock if the run began on another one.
Time StartOf(const OpenRun& run);

}  // namespace sfp::app
