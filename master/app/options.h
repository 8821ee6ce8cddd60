#pragma once

// The command line of sfp-master. Each option can come from the environment as SFP_ and its name; a
// flag wins over the environment, which wins over the configuration file.
//
// Thread: an immutable value.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/base/log.h"
#include "common/base/time.h"
#include "common/config/config.h"
#include "master/app/access.h"
#include "master/app/certs.h"
#include "master/app/import.h"
#include "master/app/run_folder.h"

namespace sfp::app {

enum class Command { kRun, kCheck, kReport, kCompare, kCerts, kImport, kTry };

struct MasterOptions {
  Command command = Command::kRun;
  std::string config = "config.yaml";
  config::Overrides overrides;
  std::uint32_t workers = 1;
  std::uint32_t local_workers = 0;          // also sets workers
  std::optional<Duration> workers_timeout;  // absent: 60 s headless, else none
  Access access;                            // of kRun
  bool headless = false;
  bool hold = false;                  // no run before Start on the page
  std::string out;                    // empty: runs/<UTC time>-<name>
  std::string termination_log;        // a file for the verdict in short; empty: none
  std::optional<std::uint64_t> seed;  // absent: from the clock
  bool strict = false;                // an invalid measurement is exit code 4
  ReportFlags report;
  bool only_summary = false;  // no table while the run is on
  std::string run_dir;        // of `report`
  std::string run_a, run_b;   // of `compare`
  std::string resume;         // the directory of a run to go on with; empty: a run of its own
  CertsFlags certs;
  ImportFlags import;
  std::vector<std::string> only_tasks;  // of `try`; empty: all
  LogLevel log_level = LogLevel::kInfo;
};

// The options, or the exit code of a program that has already said all it has to (help, version, a
// wrong option).
std::variant<MasterOptions, int> ParseMasterOptions(int argc, char** argv);

}  // namespace sfp::app
