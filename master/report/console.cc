#include "master/report/console.h"

#include <absl/strings/str_format.h>

#include "master/report/json_writer.h"
#include "master/report/latencies.h"
#include "master/report/table.h"

namespace sfp::report {
namespace {

// Colours of the terminal's own palette, or none.
struct Ink {
  bool colour;
  std::string Paint(const char* code, std::string_view text) const {
    return colour ? absl::StrFormat("\x1b[%sm%s\x1b[0m", code, text) : std::string(text);
  }
  std::string Good(std::string_view text) const { return Paint("32", text); }
  std::string Bad(std::string_view text) const { return Paint("31", text); }
  std::string Of(capacity::Verdict verdict) const {
    const char* code = verdict == capacity::Verdict::kValid      ? "1;32"
                       : verdict == capacity::Verdict::kDegraded ? "1;33"
                                                                 : "1;31";
    return Paint(code, capacity::Name(verdict));
  }
};

std::string Fixed(const Number& value, int decimals) {
  return value ? absl::StrFormat("%.*f", decimals, *value) : "-";
}

// Milliseconds: whole ones, of a fast target also their parts.
std::string Ms(const Number& value) {
  return Fixed(value, !value || *value >= 9.95 ? 0 : *value >= 0.995 ? 1 : 2);
}

// A percentile, or its bound where too few requests were answered.
std::string Ms(const Number& value, const std::optional<Censored>& censored, const char* key) {
  if (value || !censored || !censored->AtLeast(key)) return Ms(value);
  return "> " + Ms(censored->AtLeast(key));
}

std::string Fixed(const Number& value, const std::optional<Censored>& censored, const char* key) {
  if (value || !censored || !censored->AtLeast(key)) return Fixed(value, 1);
  return "> " + Fixed(censored->AtLeast(key), 1);
}

std::string Fails(std::uint64_t failures, const Number& percent) {
  return absl::StrFormat("%d(%s%%)", failures, Fixed(percent.value_or(0), 2));
}

std::vector<std::string> LiveRow(const Endpoint& e, const results::Counts& recent,
                                 std::uint32_t covered) {
  const Latencies& r = e.response;
  return {e.name,
          std::to_string(e.requests),
          Fails(e.failures, e.failure_pct),
          Ms(r.avg),
          Ms(r.min),
          Ms(r.max),
          Ms(r.p50),
          Ms(r.p95),
          Fixed(PerSecond(recent.requests, covered), 2),
          Fixed(PerSecond(recent.failures, covered), 2)};
}

std::string RowTable(const Report& report) {
  const bool of_rates = report.find && report.find->of_rates;
  Table table({of_rates ? "arrivals/s" : "users", "requests", "fails", "fails %", "avg ms", "req/s",
               "p50", "p95", "p99", "in flight", "verdict"},
              0);
  for (const Row& row : report.rows) {
    table.Add({of_rates ? Fixed(row.rate, 1) : std::to_string(row.users),
               std::to_string(row.requests), std::to_string(row.failures),
               Fixed(row.failure_pct, 1), Ms(row.avg_ms), Fixed(row.rps, 1),
               Ms(row.p50_ms, row.censored, "p50"), Ms(row.p95_ms, row.censored, "p95"),
               Ms(row.p99_ms, row.censored, "p99"), std::to_string(row.in_flight),
               std::string(capacity::Name(row.judgement.verdict))});
  }
  return table.Text();
}

std::string EndpointTable(const Report& report) {
  const bool dropped = report.run.open || report.totals.dropped > 0;
  std::vector<std::string> header = {"endpoint", "requests", "fails",     "avg ms",
                                     "min",      "max",      "p50",       "p95",
                                     "p99",      "req/s",    "in flight", "skipped"};
  if (dropped) header.push_back("dropped");
  Table table(std::move(header), 1);
  const auto add = [&](const Endpoint& e) {
    const Latencies& r = e.response;
    std::vector<std::string> row = {ShownName(e),
                                    std::to_string(e.requests),
                                    Fails(e.failures, e.failure_pct),
                                    Fixed(r.avg, 1),
                                    Fixed(r.min, 1),
                                    Fixed(r.max, 1),
                                    Fixed(r.p50, r.censored, "p50"),
                                    Fixed(r.p95, r.censored, "p95"),
                                    Fixed(r.p99, r.censored, "p99"),
                                    Fixed(e.rps, 1),
                                    std::to_string(e.in_flight),
                                    std::to_string(e.skipped)};
    if (dropped) row.push_back(std::to_string(e.dropped));
    table.Add(std::move(row));
  };
  for (const Endpoint& endpoint : report.endpoints) add(endpoint);
  add(report.totals);
  return table.Text(true);
}

// From when the plan wanted the requests started.
std::string IntendedTable(const Report& report) {
  if (!report.totals.intended) return "";
  Table table({"intended response times", "avg ms", "min", "max", "p50", "p95", "p99"}, 1);
  const auto add = [&](const Endpoint& e) {
    if (!e.intended) return;
    const Latencies& i = *e.intended;
    table.Add({e.name, Fixed(i.avg, 1), Fixed(i.min, 1), Fixed(i.max, 1), Fixed(i.p50, 1),
               Fixed(i.p95, 1), Fixed(i.p99, 1)});
  };
  for (const Endpoint& endpoint : report.endpoints) add(endpoint);
  add(report.totals);
  return "\n" + table.Text(true);
}

// At the end each worker tells what it recorded; so much for "nothing is lost, nothing is doubled".
std::string Comparison(const Run& run) {
  std::size_t compared = 0, equal = 0;
  for (const Worker& worker : run.workers) {
    compared += worker.totals_equal.has_value();
    equal += worker.totals_equal.value_or(false);
  }
  if (run.workers.empty()) return "";
  return absl::StrFormat("totals and digest: %d of %d workers compared, %s (digest of all: %s)",
                         compared, run.workers.size(),
                         equal == compared
                             ? "equal on both sides"
                             : absl::StrFormat("%d DIFFER from the master's", compared - equal),
                         run.digest);
}

}  // namespace

std::string LiveTable(const results::Results& results) {
  Table table(
      {"Name", "# reqs", "# fails", "Avg", "Min", "Max", "Med", "p95", "req/s", "failures/s"}, 1);
  std::uint32_t covered = 0;
  std::vector<results::Counts> recent = results.RecentCounts(covered);
  recent.resize(results.endpoints().size());
  results::Counts all;
  for (std::size_t i = 0; i < results.endpoints().size(); ++i) {
    const v1::EndpointName& name = results.run().endpoints(static_cast<int>(i));
    const std::string shown = name.name() + (name.apart() ? std::string(kApart) : "");
    table.Add(LiveRow(EndpointOf(results.endpoints()[i], shown, "", 0), recent[i], covered));
    if (name.apart()) continue;
    all.requests += recent[i].requests;
    all.failures += recent[i].failures;
  }
  table.Add(LiveRow(EndpointOf(results.Total(), "Aggregated", "", 0), all, covered));
  return table.Text(true);
}

std::string FinalTable(const Report& report, const Look& look) {
  const Ink ink{look.colour};
  std::string out = RowTable(report) + "\n" + EndpointTable(report) + CensoredNote(report) +
                    IntendedTable(report);
  if (report.run.iterations_planned) {
    out += absl::StrFormat("\n%d of %d iterations were done\n", report.run.iterations,
                           *report.run.iterations_planned);
  }
  if (report.run.users_stopped > 0) {
    out += absl::StrFormat("\n%d users stopped by themselves and were not replaced\n",
                           report.run.users_stopped);
  }
  if (!report.failures.empty()) {
    out += "\n" + ink.Bad("failures") + "\n";
    for (const Failure& f : report.failures) {
      out += absl::StrFormat("  %d × %s: %s\n      %s: %s\n      → %s\n", f.count, f.endpoint,
                             f.message, f.kind, f.cause, f.remedy);
    }
  }
  if (!report.warnings.empty()) {
    out += "\nwarnings (successes that were not as expected)\n";
    for (const Warning& w : report.warnings) {
      out += absl::StrFormat("  %d × %s: %s\n", w.count, w.endpoint, w.message);
    }
  }
  if (!report.inferred.empty()) {
    out += "\nwhat the connections showed\n";
    for (const Inferred& i : report.inferred) {
      out += absl::StrFormat("  %s (%d connections)\n", i.says, i.evidence);
    }
  }
  if (!report.thresholds.empty()) {
    out += "\nthresholds\n";
    for (const Threshold& t : report.thresholds) {
      out += absl::StrFormat("  %s  %s: %s\n", t.held ? ink.Good("held  ") : ink.Bad("FAILED"),
                             t.text, t.sentence);
    }
  }
  if (report.find) {
    out += "\nwhat was looked for\n";
    for (const std::string& sentence : report.find->says) out += "  " + sentence + "\n";
  }
  if (report.fit) {
    out += "\nwhere the limit is\n";
    for (const std::string& sentence : report.fit->says) out += "  " + sentence + "\n";
  }
  if (const std::string line = Comparison(report.run); !line.empty()) out += "\n" + line + "\n";
  if (!look.files.empty()) out += "\nreport: " + look.files + "\n";
  out += "\nverdict: " + ink.Of(report.run.verdict) + "\n";
  for (const std::string& reason : report.run.reasons) out += "  " + reason + "\n";
  return out;
}

}  // namespace sfp::report
