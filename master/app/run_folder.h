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
#include "master/results/seconds.h"

namespace sfp::app {

// "2026-11-23T10-15-00Z-staff-fees", of the present moment: sorts by time, fits every file system.
std::string RunId(std::string_view name);

// A moment of the monotonic clock as wall-clock time, "2026-11-23T10:15:00.123Z".
std::string Rfc3339(Time t);

// Makes the directory (parents too), and makes sure that something can be written there: a run must
// not begin that could not be reported.
Status MakeRunFolder(const std::string& path);

// What of a run is wanted beyond its directory, beside it or instead of the usual.
struct ReportFlags {
  bool seed_definitions = false;  // report.md as the 2018 table counted
  std::string csv;                // Locust's four tables also as PREFIX_stats.csv and so on
  std::string html;               // report.html also there
  bool csv_full_history = false;  // stats_history.csv with each endpoint
  bool json = false;              // report.json on stdout instead of the tables
};

// Whether what goes elsewhere can be written there: found out before anything is sent.
Status CheckOutputs(const ReportFlags& flags);

// Reads the run's journal again.
results::Replay ReplayOf(const std::string& path);

// Writes every file of the report beside the journal, and what else is wanted. The journal must be
// written out.
Status WriteReports(const std::string& path, const report::Report& report,
                    const results::Results& results, const ReportFlags& flags);

// Prints the run as the flags want it: on stdout the tables or, with --json, report.json (the
// tables then go to stderr).
void PrintReport(const report::Report& report, const std::string& path, const ReportFlags& flags);

// Of a run that is over, from its journal.
coordinator::Outcome OutcomeOf(const results::Results& results);

// What the pod's status shows: exit code, verdict, reasons, totals, then the tables.
std::string LastWords(const report::Report& report, int exit_code);

// The exit code of a run that was reported (see master.h).
int ExitCode(const coordinator::Outcome& outcome, const report::Report& report, bool strict);

}  // namespace sfp::app
