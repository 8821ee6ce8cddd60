#pragma once

// The tables of a run in Locust's columns, so that scripts for its files go on working: stats.csv,
// failures.csv, exceptions.csv (stats_history.csv: history_csv.h). Lines end with CR LF and fields
// are quoted where they must be, as Locust's are.
//
// Times are in ms with decimals where Locust rounds. As in its files, an endpoint without a request
// has 0 for its times and N/A for its percentiles. Content sizes are bytes on the wire, headers
// included. Locust's exceptions are those of user code; a scenario has none, so exceptions.csv
// consists of its header.
//
// Thread: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "master/report/model.h"

namespace sfp::report {

// Appends one line; commas, quotes and line breaks in fields do no harm.
void AppendCsvLine(std::string& out, const std::vector<std::string>& fields);

// "50%" … "100%", and the values under them.
std::vector<std::string> PercentileColumns();
std::vector<std::string> PercentileFields(const Latencies& latencies);

std::string StatsCsv(const Report& report);
std::string FailuresCsv(const Report& report);
std::string ExceptionsCsv();

}  // namespace sfp::report
