#include "master/report/csv.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/time.h"
#include "common/base/wall_clock.h"
#include "master/report/json_writer.h"

namespace sfp::report {
namespace {

std::string Field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string OrZero(const Number& value, int decimals = 3) {
  return FormatNumber(value.value_or(0), decimals);
}

std::vector<std::string> StatsRow(const Endpoint& e, double duration_s) {
  const Latencies& r = e.response;
  const auto requests = static_cast<double>(std::max<std::uint64_t>(e.requests, 1));
  const double failures_per_s = duration_s > 0 ? static_cast<double>(e.failures) / duration_s : 0;
  std::vector<std::string> row = {
      e.method,
      e.name,
      std::to_string(e.requests),
      std::to_string(e.failures),
      OrZero(r.p50),
      OrZero(r.avg),
      OrZero(r.min),
      OrZero(r.max),
      FormatNumber(static_cast<double>(e.bytes_received) / requests),
      OrZero(e.rps, 6),
      FormatNumber(failures_per_s, 6),
  };
  for (std::string& field : PercentileFields(r)) row.push_back(std::move(field));
  return row;
}

std::string MethodOf(const Report& report, const std::string& endpoint) {
  for (const Endpoint& e : report.endpoints) {
    if (e.name == endpoint) return e.method;
  }
  return "";
}

// Locust tells failures apart by endpoint and text only.
struct Seen {
  std::uint64_t count = 0;
  double first_s = 0;
  double last_s = 0;
};

}  // namespace

void AppendCsvLine(std::string& out, const std::vector<std::string>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) out += (i > 0 ? "," : "") + Field(fields[i]);
  out += "\r\n";
}

std::vector<std::string> PercentileColumns() {
  return {"50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%"};
}

std::vector<std::string> PercentileFields(const Latencies& l) {
  std::vector<std::string> out;
  for (const Number& value :
       {l.p50, l.p66, l.p75, l.p80, l.p90, l.p95, l.p98, l.p99, l.p99_9, l.p99_99, l.p100}) {
    out.push_back(value ? FormatNumber(*value) : "N/A");
  }
  return out;
}

std::string StatsCsv(const Report& report) {
  std::vector<std::string> header = {"Type",
                                     "Name",
                                     "Request Count",
                                     "Failure Count",
                                     "Median Response Time",
                                     "Average Response Time",
                                     "Min Response Time",
                                     "Max Response Time",
                                     "Average Content Size",
                                     "Requests/s",
                                     "Failures/s"};
  for (std::string& column : PercentileColumns()) header.push_back(std::move(column));
  std::string out;
  AppendCsvLine(out, header);
  for (const Endpoint& e : report.endpoints) AppendCsvLine(out, StatsRow(e, report.run.duration_s));
  AppendCsvLine(out, StatsRow(report.totals, report.run.duration_s));
  return out;
}

std::string FailuresCsv(const Report& report) {
  const std::int64_t start = ParseRfc3339(report.run.started_at).value_or(0);
  std::map<std::pair<std::string, std::string>, Seen> rows;
  for (const Failure& f : report.failures) {
    const auto [at, is_new] = rows.try_emplace({f.endpoint, f.message});
    Seen& row = at->second;
    row.first_s = is_new ? f.first_s : std::min(row.first_s, f.first_s);
    row.last_s = is_new ? f.last_s : std::max(row.last_s, f.last_s);
    row.count += f.count;
  }
  std::string out;
  AppendCsvLine(out, {"Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"});
  for (const auto& [key, row] : rows) {
    AppendCsvLine(out,
                  {MethodOf(report, key.first), key.first, key.second, std::to_string(row.count),
                   FormatRfc3339(start + FromSeconds(row.first_s).count()),
                   FormatRfc3339(start + FromSeconds(row.last_s).count())});
  }
  return out;
}

std::string ExceptionsCsv() {
  std::string out;
  AppendCsvLine(out, {"Count", "Message", "Traceback", "Nodes"});
  return out;
}

}  // namespace sfp::report
