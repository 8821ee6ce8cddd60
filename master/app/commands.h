#pragma once

// The commands of sfp-master that send nothing, and what is done before one that does.
//
// Thread: main, before any other exists.

#include "common/config/config.h"
#include "master/app/options.h"
#include "master/app/resume.h"

namespace sfp::app {

// The configuration with the command line over it; every diagnostic goes to stderr, and then there
// is none.
std::optional<config::Config> LoadConfig(const MasterOptions& options);

// The same file again with other overrides, and what is wrong with it.
config::Loaded ReadConfig(const std::string& path, const config::Overrides& overrides);

// `check`: the resolved plan on stdout. 0, or 2 if the configuration is wrong.
int RunCheck(const MasterOptions& options);

// `try`: see try.h. 2 if the configuration is wrong.
int RunTry(const MasterOptions& options);

// `report RUN_DIR`: every report again, from the journal alone. 0, or 2 if there is no journal to
// read.
int RunReport(const MasterOptions& options);

// `compare RUN_A RUN_B`: 0 if B is not significantly worse, 1 if it is, 2 if there is nothing to
// compare.
int RunCompare(const MasterOptions& options);

// `--resume RUN_DIR`, and `--out RUN_DIR` if that holds a run: reads the run. The exit code if
// there is nothing to go on with: that of a run that is over (its reports are built again, nothing
// is sent), 2 for a directory that should have a run and has none.
std::optional<int> BeginResume(const MasterOptions& options, std::optional<OpenRun>& open);

}  // namespace sfp::app
