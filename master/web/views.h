#pragma once

// The state of things as JSON: what the REST interface answers, and what the page gets every
// second. Names and units are those of report.json, so that the page and report.html show both with
// the same code.
//
// Thread: pure functions.

#include <string>
#include <vector>

#include "master/report/json_writer.h"
#include "master/web/backend.h"

namespace sfp::web {

void WriteStatus(report::JsonWriter& w, const RunStatus& status);
// {"window_s", "since_s", "totals", "endpoints"}: since the last reset; null results: nobody ran
// yet.
void WriteStats(report::JsonWriter& w, const results::Results* results);
void WriteWorkers(report::JsonWriter& w, const std::vector<WorkerRow>& workers);
void WriteDefaults(report::JsonWriter& w, const Defaults& defaults);
void WriteLog(report::JsonWriter& w, const std::vector<LogLine>& lines);

}  // namespace sfp::web
