#pragma once

// A run's directory: its name, the reports in it, and what is said at the end of a run.
//
// Thread: confined to the master's loop.

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/time.h"
#include "master/coordinator/run_spec.h"
#include "master/report/model.h"
#include "master/results/results.h"

namespace sfp::app {

// "2026-11-23T10-15-00Z-staff-fees", of the present moment: sorts by time, fits every file system.
std::string RunId(std::string_view name);

// A moment of the monotonic clock as wall-clock time, "2026-11-23T10:15:00.123Z".
std::string Rfc3339(Time t);

// Makes the directory (parents too), and makes sure that something can be written there: a run must
// not begin that could not be reported.
Status MakeRunFolder(const std::string& path);

// Writes every file of the report beside the journal.
Status WriteReports(const std::string& path, const report::Report& report,
                    const results::Results& results, bool seed_definitions);

// What is printed on stdout at the end of a run: the tables, the verdict, where the files lie.
std::string Summary(const report::Report& report, const std::string& path);

// Of a run that is over, from its journal.
coordinator::Outcome OutcomeOf(const results::Results& results);

// What the pod's status shows: exit code, verdict, reasons, totals, then the tables.
std::string LastWords(const report::Report& report, int exit_code);

// The exit code of a run that was reported (see master.h).
int ExitCode(const coordinator::Outcome& outcome, const report::Report& report, bool strict);

}  // namespace sfp::app
