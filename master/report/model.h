#pragma once

// A run's report as plain data: what report.json holds (section by section the same), and what the
// other renderings print. Built from a run's results by build.h; rendered by json.h, markdown.h,
// console.h.
//
// What was not measured is an empty optional, and null in the JSON: never 0. Times are in ms where
// the name ends in _ms or the struct is Latencies, else in s.
//
// Thread: immutable values.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/capacity/sweep_fit.h"
#include "master/capacity/validity.h"

namespace sfp::report {

using Number = std::optional<double>;
using Interval95 = std::optional<std::array<double, 2>>;

// Requests without an answer when the load ended are censored response times: longer than their
// age. Where there are any, the percentiles are Kaplan and Meier's; a percentile which too few
// answers reach is empty, and has a bound here instead.
struct Censored {
  std::uint64_t requests = 0;
  std::uint64_t of_known_age = 0;          // of those; the others were with a worker that was lost
  std::map<std::string, double> at_least;  // "p95": 30000.0, in ms; "p99_9" as in the JSON
  // The bound of a percentile, if it has one.
  Number AtLeast(std::string_view percentile) const {
    const auto found = at_least.find(std::string(percentile));
    return found == at_least.end() ? Number() : Number(found->second);
  }
};

// Of one histogram, in ms. A histogram without a value has none of them.
struct Latencies {
  Number avg, min, max;  // of the answers
  Number p50, p66, p75, p80, p90, p95, p98, p99, p99_9, p99_99, p100;
  Interval95 ci95_avg, ci95_p95;
  std::optional<Censored> censored;  // if any request was cut off
};

struct Endpoint {
  std::string name;
  std::string method;  // empty for the totals
  bool apart = false;  // no part of the totals
  std::uint64_t started = 0;
  std::uint64_t requests = 0;  // completed: succeeded and failed
  std::uint64_t failures = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t skipped = 0;
  std::uint64_t dropped = 0;
  std::uint64_t reconnects = 0;
  Number rps;
  Interval95 ci95_rps;
  Number failure_pct;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  Latencies response;
  std::optional<Latencies> intended;
  std::optional<Latencies> connect, tls, first_byte, body;
  std::map<std::uint32_t, std::uint64_t> status;
};

// In tables, behind the name of an endpoint that is no part of the totals.
inline constexpr std::string_view kApart = " (apart)";
inline std::string ShownName(const Endpoint& e) {
  return e.name + (e.apart ? std::string(kApart) : "");
}

// Those of one endpoint with the same cause and message. Where failures of one message have several
// causes, each row carries the first and last time of them all.
struct Failure {
  std::string endpoint;
  std::string kind;  // `class` in the JSON: forensics::Name
  std::string message;
  std::string phase;
  std::uint64_t count = 0;
  double first_s = 0;
  double last_s = 0;
  std::string cause;     // what happened
  std::string remedy;    // what to change
  std::string evidence;  // what was known of the connections; may be empty
};

// Successes of one endpoint that were not as expected, where the scenario only warns.
struct Warning {
  std::string endpoint;
  std::string message;  // with what was expected and what came
  std::uint64_t count = 0;
  double first_s = 0;
  double last_s = 0;
};

// A time limit of the server that the run has shown.
struct Inferred {
  std::string what;  // "keepalive_timeout_s" "socket_timeout_s" "load_balancer_idle_timeout_s"
  double value = 0;
  std::uint64_t evidence = 0;  // connections from which it follows
  std::string says;
};

struct SeriesPoint {
  std::uint32_t t = 0;
  std::uint32_t users = 0;
  double rps = 0;
  double failures_per_s = 0;
  Number p50_ms, p95_ms;
  bool degraded = false;
};

// A level of a sweep, or the whole run.
struct Row {
  std::uint32_t users = 0;
  Number rate;  // arrivals per second, in a search over rates
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  Number failure_pct;
  Number avg_ms;
  Number rps;
  Number success_avg_ms;  // the definitions of the 2018 table: failures left out
  Number success_rps;
  Number p50_ms, p95_ms, p99_ms;
  Interval95 ci95_avg, ci95_rps, ci95_p95;
  std::optional<Censored> censored;  // bounds of the three percentiles
  std::uint64_t in_flight = 0;
  Number shortest_ms;  // not in the JSON
  Number think_s;      // mean time of a user between two requests; not in the JSON
  capacity::Judgement judgement;
  bool measuring = false;  // the run is on, and so is this level: no verdict yet
};

struct Threshold {
  std::string text;
  Number value;  // in the threshold's unit
  bool held = false;
  std::string sentence;  // for people: the figure, the value, the limit
  bool abort = false;    // it may end the run
  double for_s = 0;      // once it was broken for so long
  bool aborted = false;  // it did
};

struct Worker {
  std::uint32_t index = 0;
  std::string name;
  std::uint32_t threads = 0;
  bool lost = false;
  std::uint32_t rejoined = 0;
  double cpu_max = 0;
  Number lag_p99_ms;
  Number loop_lag_p99_ms;  // how late its loops turned
  // Of its machine and its limits, as far as they are known: the fullest moment.
  Number throttled_ms;  // its cgroup was held back, altogether
  std::optional<std::uint64_t> fds_used, fds_limit, ports_used, ports_limit;
  // Requests that it may have made and not delivered, at most; empty if that is not known.
  std::optional<std::uint64_t> may_be_missing;
  // What its own totals at the end said: equal to the master's or not; empty: it never told them.
  std::optional<bool> totals_equal;
  std::string digest;          // of what arrived from it, 16 hexadecimal digits; empty: nothing did
  Number wall_clock_offset_s;  // its wall clock - the master's
  double clock_stepped_s = 0;  // the largest step of its wall clock during the run
  double suspended_s = 0;      // how long its machine slept
};

struct Run {
  std::string id;
  std::uint64_t seed = 0;
  std::string started_at;
  double duration_s = 0;
  std::string target;
  std::string sfp_version;
  capacity::Verdict verdict = capacity::Verdict::kValid;
  std::vector<std::string> reasons;
  bool interrupted = false;
  bool open = false;             // the open model
  std::uint64_t iterations = 0;  // tasks ended, those of on_start and on_stop not counted
  std::optional<std::uint64_t> iterations_planned;
  std::uint64_t users_stopped = 0;  // retired by themselves and were not replaced
  std::string why_ended;            // empty: the plan's end was reached; not in the JSON
  std::string digest;  // over all that was measured, as the workers' of what they delivered
  bool totals_differ =
      false;  // a worker counted other figures than those that arrived; not in the JSON
  std::vector<Worker> workers;
};

// The search for the highest load under which a goal holds.
struct Found {
  std::string goal;
  bool of_rates = false;  // its loads are arrivals per second, not users
  Number load;  // the highest under which it holds; empty if there is none, or none is known
  Interval95 ci95;
  std::size_t steps = 0;
  bool done = false;
  std::vector<std::string> says;
};

struct Report {
  Run run;
  Endpoint totals;
  std::vector<Endpoint> endpoints;
  std::vector<Failure> failures;  // most frequent first
  std::vector<Warning> warnings;  // most frequent first
  std::vector<Inferred> inferred;
  std::vector<SeriesPoint> series;
  bool sweep = false;
  std::vector<Row> rows;                  // the sweep's levels; else one row, the whole run
  std::optional<capacity::SweepFit> fit;  // of a sweep's valid rows
  bool probe = false;                     // a sweep without think time
  std::optional<Found> find;              // a sweep that was a search
  std::vector<Threshold> thresholds;
};

}  // namespace sfp::report
