#pragma once

// The commands of sfp-master that send nothing.
//
// Thread: main, before any other exists.

#include "common/config/config.h"
#include "master/app/options.h"

namespace sfp::app {

// The configuration with the command line over it; every diagnostic goes to stderr, and then there
// is none.
std::optional<config::Config> LoadConfig(const MasterOptions& options);

// `check`: the resolved plan on stdout. 0, or 2 if the configuration is wrong.
int RunCheck(const MasterOptions& options);

// `report RUN_DIR`: every report again, from the journal alone. 0, or 2 if there is no journal to
// read.
int RunReport(const MasterOptions& options);

}  // namespace sfp::app
