#include "master/report/markdown.h"

#include <absl/strings/str_format.h>

#include <cmath>

#include "common/base/units.h"
#include "master/report/json_writer.h"
#include "master/report/latencies.h"
#include "master/report/rows.h"
#include "master/report/table.h"

namespace sfp::report {
namespace {

std::string Cell(const Number& value, int decimals) {
  return value ? absl::StrFormat("%.*f", decimals, *value) : "–";
}
std::string Cell(std::uint64_t value) { return std::to_string(value); }
std::string Cell(std::string_view name) { return std::string(name); }

// A percentile, or its bound where too few requests were answered.
std::string Cell(const Number& value, int decimals, const std::optional<Censored>& censored,
                 const char* key) {
  if (value || !censored || !censored->AtLeast(key)) return Cell(value, decimals);
  return "> " + Cell(censored->AtLeast(key), decimals);
}

// With half of its 95 % interval, if it has one.
std::string Cell(const Number& value, int decimals, const Interval95& interval) {
  if (!value || !interval) return Cell(value, decimals);
  const double half = ((*interval)[1] - (*interval)[0]) / 2;
  return absl::StrFormat("%.*f ±%.*f", decimals, *value, half < 1 ? decimals + 1 : decimals, half);
}

std::string Heading(const Report& report) {
  const Run& run = report.run;
  std::string out = "# sfp report: " + EscapeMarkdown(run.id) + "\n\n";
  if (run.totals_differ) {
    out +=
        "> **TOTALS DIFFER: worker and master do not agree on what was measured. Do not trust "
        "these "
        "figures.**\n\n";
  }
  out += "* Target: " + EscapeMarkdown(run.target) + "\n";
  out += absl::StrFormat("* Started %s, ran %s, seed %d, sfp %s\n", EscapeMarkdown(run.started_at),
                         HumanDuration(FromSeconds(run.duration_s)), run.seed, run.sfp_version);
  out += absl::StrFormat("* Workers: %d\n", run.workers.size());
  if (run.open) {
    out += absl::StrFormat("* Open model: %d arrivals served, %d dropped\n", run.iterations,
                           report.totals.dropped);
  } else if (run.iterations_planned) {
    out += absl::StrFormat("* Iterations: %d of %d\n", run.iterations, *run.iterations_planned);
  }
  if (run.users_stopped > 0) {
    out += absl::StrFormat("* %d users stopped by themselves and were not replaced\n",
                           run.users_stopped);
  }
  if (run.interrupted) {
    out += "* Interrupted: " + EscapeMarkdown(run.why_ended.empty() ? "by hand" : run.why_ended) +
           "\n";
  }
  out += absl::StrFormat("* Verdict: **%s**\n", std::string(capacity::Name(run.verdict)));
  for (const std::string& reason : run.reasons) out += "  * " + EscapeMarkdown(reason) + "\n";
  return out;
}

std::string MainTable(const Report& report, bool seed) {
  const bool of_rates = report.find && report.find->of_rates;
  Table table({of_rates ? "Arrivals/s" : "Users", "Total requests", "Total fails", "Failures %",
               "Average ms", "Requests/s", "p50 ms", "p95 ms", "p99 ms", "In flight", "Verdict"},
              0);
  for (const Row& row : report.rows) {
    table.Add({of_rates ? Cell(row.rate, 1) : Cell(row.users),
               Cell(seed ? row.requests - row.failures : row.requests), Cell(row.failures),
               Cell(row.failure_pct, 1),
               seed ? Cell(row.success_avg_ms, 0) : Cell(row.avg_ms, 0, row.ci95_avg),
               seed ? Cell(row.success_rps, 1) : Cell(row.rps, 1, row.ci95_rps),
               Cell(row.p50_ms, 0, row.censored, "p50"), Cell(row.p95_ms, 0, row.censored, "p95"),
               Cell(row.p99_ms, 0, row.censored, "p99"), Cell(row.in_flight),
               Cell(capacity::Name(row.judgement.verdict))});
  }
  std::string out = table.Markdown();
  if (const std::string note = CensoredNote(report); !note.empty()) out += "\n" + note;
  bool any = false;
  for (const Row& row : report.rows) {
    if (row.judgement.reasons.empty()) continue;
    out += any ? "" : "\n";
    any = true;
    out += absl::StrFormat("* %s, **%s**: ", LoadOf(row),
                           std::string(capacity::Name(row.judgement.verdict)));
    for (std::size_t i = 0; i < row.judgement.reasons.size(); ++i) {
      out += (i > 0 ? "; " : "") + EscapeMarkdown(row.judgement.reasons[i]);
    }
    out += ".\n";
  }
  return out;
}

std::string Capacity(const Report& report) {
  if (report.find) {
    std::string out = "\n## The highest load under the goal\n\n";
    for (const std::string& sentence : report.find->says) {
      out += "* " + EscapeMarkdown(sentence) + "\n";
    }
    return out;
  }
  if (!report.fit) return "";
  std::string out = "\n## Where the limit is\n\n";
  for (const std::string& sentence : report.fit->says) {
    out += "* " + EscapeMarkdown(sentence) + "\n";
  }
  return out;
}

std::string EndpointTable(const Report& report) {
  const bool dropped = report.run.open || report.totals.dropped > 0;
  std::vector<std::string> header = {"Method",     "Endpoint",   "Requests",  "Fails",
                                     "Failures %", "Average ms", "Min",       "Max",
                                     "p50",        "p95",        "p99",       "Requests/s",
                                     "In flight",  "Skipped",    "Reconnects"};
  if (dropped) header.push_back("Dropped");
  Table table(std::move(header), 2);
  const auto add = [&](const Endpoint& e) {
    const Latencies& r = e.response;
    std::vector<std::string> row = {e.method,
                                    ShownName(e),
                                    Cell(e.requests),
                                    Cell(e.failures),
                                    Cell(e.failure_pct, 1),
                                    Cell(r.avg, 1),
                                    Cell(r.min, 1),
                                    Cell(r.max, 1),
                                    Cell(r.p50, 1, r.censored, "p50"),
                                    Cell(r.p95, 1, r.censored, "p95"),
                                    Cell(r.p99, 1, r.censored, "p99"),
                                    Cell(e.rps, 1),
                                    Cell(e.in_flight),
                                    Cell(e.skipped),
                                    Cell(e.reconnects)};
    if (dropped) row.push_back(Cell(e.dropped));
    table.Add(std::move(row));
  };
  for (const Endpoint& endpoint : report.endpoints) add(endpoint);
  add(report.totals);
  return "\n## Endpoints\n\n" + table.Markdown();
}

// Beside the response times of the same endpoints, where the plan said when requests start.
std::string IntendedTable(const Report& report) {
  if (!report.totals.intended) return "";
  Table table({"Endpoint", "Average ms", "p50", "p95", "p99", "Max", "Intended average ms", "p50",
               "p95", "p99", "Max"},
              1);
  const auto add = [&](const Endpoint& e) {
    if (!e.intended) return;
    std::vector<std::string> row = {e.name};
    for (const Latencies* l : {&e.response, &*e.intended}) {
      for (const Number& value : {l->avg, l->p50, l->p95, l->p99, l->max}) {
        row.push_back(Cell(value, 1));
      }
    }
    table.Add(std::move(row));
  };
  for (const Endpoint& endpoint : report.endpoints) add(endpoint);
  add(report.totals);
  return "\n## Intended response times\n\nResponse times, and the same counted from when the plan "
         "wanted the requests started: a server that stalls cannot hide in them.\n\n" +
         table.Markdown();
}

std::string FailureTable(const Report& report) {
  if (report.failures.empty()) return "";
  Table table({"Endpoint", "Message", "Phase", "Class", "Cause", "What to do", "Count", "First s",
               "Last s"},
              6);
  std::string evidence;
  for (const Failure& f : report.failures) {
    table.Add({f.endpoint, f.message, f.phase, f.kind, f.cause, f.remedy, Cell(f.count),
               FormatNumber(f.first_s, 1), FormatNumber(f.last_s, 1)});
    if (f.evidence.empty()) continue;
    evidence += "* " + EscapeMarkdown(f.endpoint + ", " + f.kind + ": " + f.evidence) + "\n";
  }
  if (!evidence.empty()) evidence = "\nWhat was known of their connections:\n\n" + evidence;
  return "\n## Failures\n\n" + table.Markdown() + evidence;
}

std::string WarningTable(const Report& report) {
  if (report.warnings.empty()) return "";
  Table table({"Endpoint", "Message", "Count", "First s", "Last s"}, 2);
  for (const Warning& w : report.warnings) {
    table.Add({w.endpoint, w.message, Cell(w.count), FormatNumber(w.first_s, 1),
               FormatNumber(w.last_s, 1)});
  }
  return "\n## Warnings: successes that were not as expected\n\n" + table.Markdown();
}

std::string InferredTable(const Report& report) {
  if (report.inferred.empty()) return "";
  Table table({"What", "Seconds", "Connections", "In words"}, 1);
  for (const Inferred& i : report.inferred) {
    table.Add({i.what, FormatNumber(i.value, 3), Cell(i.evidence), i.says});
  }
  return "\n## What the connections showed of the server\n\n" + table.Markdown();
}

std::string ThresholdTable(const Report& report) {
  if (report.thresholds.empty()) return "";
  Table table({"Threshold", "Held", "In words", "Measured"}, 3);
  for (const Threshold& t : report.thresholds) {
    table.Add({t.text, t.held ? "yes" : "no", t.sentence, Cell(t.value, 2)});
  }
  return "\n## Thresholds\n\n" + table.Markdown();
}

std::string Footer(bool seed) {
  std::string out = "\n---\n\n";
  if (seed) {
    out +=
        "Definitions of the 2018 table: total requests, average and requests/s leave failures out; "
        "failures % is failed / (succeeded + failed). The other columns count all completed "
        "requests.\n";
  } else {
    out +=
        "Requests are completed requests, succeeded and failed; average, percentiles and "
        "requests/s are "
        "over all of them, failures % is failed / requests, ± is half a 95 % interval. "
        "`--seed-definitions` prints the 2018 "
        "table's "
        "own definitions, which leave failures out of total requests, average and requests/s.\n";
  }
  return out +
         "In flight: started, but without an answer when the row or the run ended. A response time "
         "lasts "
         "from the request's start, connecting included, to the last byte of the answer.\n";
}

}  // namespace

std::string ToMarkdown(const Report& report, const MarkdownOptions& options) {
  return Heading(report) + "\n" + MainTable(report, options.seed_definitions) + Capacity(report) +
         EndpointTable(report) + IntendedTable(report) + FailureTable(report) +
         WarningTable(report) + InferredTable(report) + ThresholdTable(report) +
         Footer(options.seed_definitions);
}

}  // namespace sfp::report
