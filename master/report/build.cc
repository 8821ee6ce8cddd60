#include "master/report/build.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/config/threshold.h"
#include "common/scenario/program.h"
#include "master/forensics/findings.h"
#include "master/report/find.h"
#include "master/report/intervals.h"
#include "master/report/latencies.h"
#include "master/report/rows.h"
#include "master/report/thresholds.h"

namespace sfp::report {
namespace {

using capacity::Verdict;

void Note(Run& run, Verdict at_least, std::string reason) {
  run.verdict = capacity::Worst(run.verdict, at_least);
  run.reasons.push_back(std::move(reason));
}

std::string WorkerName(const results::Worker& worker) {
  return absl::StrFormat("worker %d (%s)", worker.index, worker.name);
}

// What is in of a worker that did not deliver all, and at most how much is not.
std::string Bound(const results::Results& results, const results::Worker& worker) {
  const auto missing = results.Missing(worker);
  if (!missing) return "";
  if (!missing->requests) {
    return absl::StrFormat(
        "; it never delivered anything: what its users did in up to %.1f s is missing",
        Seconds(missing->span));
  }
  return absl::StrFormat(
      "; what it delivered, up to second %.1f, is in; missing are at most %d requests (%d in its "
      "busiest second, %.1f s until its load had ended for certain) and the answers to %d that "
      "were under way",
      Seconds(worker.delivered_until), *missing->requests, worker.busiest_second,
      Seconds(missing->span), missing->unanswered);
}

// What makes a run incomplete comes first: it puts every figure in doubt.
void NoteWorkers(const results::Results& results, Moment moment, Run& run) {
  for (const auto& [index, worker] : results.workers()) {
    if (worker.totals_differ) {
      run.totals_differ = true;
      Note(run, Verdict::kInvalid,
           "TOTALS DIFFER: " + WorkerName(worker) +
               " counted other figures than those that arrived here");
    }
  }
  if (!results.ended()) {
    if (moment == Moment::kRunIsOver) {
      Note(run, Verdict::kDegraded, "the journal ends before the run did");
    }
  } else if (const std::uint32_t missing = results.ended()->missing_workers(); missing > 0) {
    Note(run, Verdict::kDegraded,
         absl::StrFormat("the run is incomplete: %d %s missing", missing,
                         missing == 1 ? "worker was" : "workers were"));
  }
  if (!run.interrupted && !run.why_ended.empty()) {
    Note(run, Verdict::kDegraded, "the run ended early: " + run.why_ended);
  }
  for (const auto& [index, worker] : results.workers()) {
    if (worker.lost) {
      Note(run, Verdict::kDegraded,
           WorkerName(worker) + " was lost and did not come back" + Bound(results, worker));
    } else if (!worker.finished && moment == Moment::kRunIsOver) {
      Note(run, Verdict::kDegraded,
           WorkerName(worker) + " has not delivered all it measured" + Bound(results, worker));
    }
  }
  for (const results::Absence& absence : results.absences()) {
    std::string what =
        absl::StrFormat("the master was away from second %d to %d", absence.from_s, absence.to_s);
    if (absence.paused_s > 0) {
      what += absl::StrFormat(": the load stopped, the rest of the plan came %d s later",
                              absence.paused_s);
    }
    Note(run, Verdict::kDegraded, what);
  }
  if (results.ended() && !results.ended()->journal().empty()) {
    Note(run, Verdict::kValid,
         "the journal is incomplete (" + results.ended()->journal() +
             "): the figures are whole, but cannot be built again from it");
  }
}

std::string StepSentence(const std::string& whose, const results::ClockTrouble& clocks) {
  return absl::StrFormat(
      "%s was stepped by %+.3f s in second %d%s: no figure uses it, but a virtual machine that was "
      "frozen looks like this",
      whose, Seconds(clocks.largest_step), clocks.first_step_s,
      clocks.steps > 1 ? absl::StrFormat(" (the largest of %d steps)", clocks.steps) : "");
}

std::string SleepSentence(const std::string& whose, const results::ClockTrouble& clocks) {
  return absl::StrFormat("%s was suspended for %.1f s from second %d on", whose,
                         Seconds(clocks.suspended), clocks.first_suspended_s);
}

// What is degraded by them says the row of those seconds.
void NoteClocks(const results::Results& results, Run& run) {
  for (const auto& [index, worker] : results.workers()) {
    const std::string name = WorkerName(worker);
    if (worker.wall_offset && results::IsWrongWallClock(*worker.wall_offset)) {
      const double offset_s = Seconds(*worker.wall_offset);
      Note(run, Verdict::kValid,
           absl::StrFormat("the wall clock of %s was %.1f s %s the master's: no figure uses it",
                           name, std::abs(offset_s), offset_s > 0 ? "ahead of" : "behind"));
    }
    if (worker.clocks.steps > 0) {
      Note(run, Verdict::kValid, StepSentence("the wall clock of " + name, worker.clocks));
    }
    if (worker.clocks.suspended > Duration(0)) {
      Note(run, Verdict::kValid, SleepSentence("the machine of " + name, worker.clocks));
    }
  }
  const results::ClockTrouble& ours = results.clocks();
  if (ours.steps > 0) Note(run, Verdict::kValid, StepSentence("the master's wall clock", ours));
  if (ours.suspended > Duration(0)) {
    Note(run, Verdict::kValid, SleepSentence("the master's machine", ours));
  }
}

void NoteRows(const Report& report, Run& run) {
  for (const Row& row : report.rows) {
    if (row.measuring) continue;
    for (const std::string& reason : row.judgement.reasons) {
      Note(run, row.judgement.verdict, report.sweep ? LoadOf(row) + ": " + reason : reason);
    }
  }
}

std::optional<std::uint64_t> Known(std::uint64_t number) {
  return number > 0 ? std::optional(number) : std::nullopt;
}

// A machine that told of its descriptors would have told of throttling.
Number ThrottledMs(const stats::Machine& machine) {
  if (machine.descriptor_limit == 0) return std::nullopt;
  return Millis(machine.throttled);
}

std::string Hex(std::uint64_t digest) { return absl::StrFormat("%016x", digest); }

Worker WorkerOf(const results::Results& results, const results::Worker& worker) {
  const auto missing = results.Missing(worker);
  Worker out{.index = worker.index,
             .name = worker.name,
             .threads = worker.threads,
             .lost = worker.lost,
             .rejoined = worker.rejoined,
             .cpu_max = worker.cpu_max,
             .lag_p99_ms = QuantileMs(worker.lag, 0.99),
             .loop_lag_p99_ms = QuantileMs(worker.loop_lag, 0.99),
             .throttled_ms = ThrottledMs(worker.machine),
             .fds_used = Known(worker.machine.descriptors),
             .fds_limit = Known(worker.machine.descriptor_limit),
             .ports_used = Known(worker.machine.ports),
             .ports_limit = Known(worker.machine.port_limit),
             .may_be_missing = missing ? missing->requests : std::uint64_t{0}};
  if (worker.compared) out.totals_equal = !worker.totals_differ;
  if (worker.delivered) out.digest = Hex(worker.totals.digest());
  if (worker.wall_offset) out.wall_clock_offset_s = Seconds(*worker.wall_offset);
  out.clock_stepped_s = Seconds(worker.clocks.largest_step);
  out.suspended_s = Seconds(worker.clocks.suspended);
  return out;
}

Run RunOf(const results::Results& results) {
  const v1::RunStarted& started = results.run();
  Run run;
  run.id = started.id();
  run.seed = started.seed();
  run.started_at = started.started_at();
  run.duration_s = Seconds(results.duration());
  run.target = started.target();
  run.sfp_version = started.sfp_version();
  run.open = results.plan().has_arrivals();
  run.iterations = results.iterations();
  run.users_stopped = results.users_stopped();
  if (started.iterations() > 0) run.iterations_planned = started.iterations();
  if (results.ended()) {
    run.interrupted = results.ended()->interrupted();
    run.why_ended = results.ended()->why();
  }
  run.digest = Hex(stats::ComputeTotals(results.endpoints()).digest());
  for (const auto& [index, worker] : results.workers()) {
    run.workers.push_back(WorkerOf(results, worker));
  }
  return run;
}

void AddWarnings(const results::Results& results, Report& report) {
  for (std::size_t i = 0; i < results.endpoints().size(); ++i) {
    for (const auto& [key, row] : results.endpoints()[i].warnings) {
      report.warnings.push_back({.endpoint = results.run().endpoints(static_cast<int>(i)).name(),
                                 .message = key.message,
                                 .count = row.count,
                                 .first_s = Seconds(row.first),
                                 .last_s = Seconds(row.last)});
    }
  }
  std::stable_sort(report.warnings.begin(), report.warnings.end(),
                   [](const Warning& a, const Warning& b) { return a.count > b.count; });
}

std::vector<SeriesPoint> SeriesOf(const results::Results& results) {
  std::vector<SeriesPoint> out;
  for (const results::SeriesPoint& point : results.series()) {
    SeriesPoint& to = out.emplace_back();
    to.t = point.second;
    to.users = point.users;
    to.rps = static_cast<double>(point.requests);
    to.failures_per_s = static_cast<double>(point.failures);
    if (point.p50) to.p50_ms = Millis(*point.p50);
    if (point.p95) to.p95_ms = Millis(*point.p95);
    to.degraded = point.degraded;
  }
  return out;
}

std::vector<Threshold> ThresholdsOf(const results::Results& results, const Report& report) {
  std::vector<Threshold> out;
  const std::string& aborted_by = results.aborted_by();
  const auto add = [&](const std::string& text, bool abort, Duration patience) {
    StatusOr<config::Threshold> threshold = config::ParseThreshold(text);
    if (!threshold.ok()) {
      out.push_back({.text = text});
      return;
    }
    threshold->abort = abort;
    threshold->patience = patience;
    Threshold& evaluated = out.emplace_back(Evaluate(*threshold, report));
    if (text != aborted_by) return;
    evaluated.aborted = true;
    evaluated.held = false;
    if (results.stopping()) evaluated.sentence += "; " + *results.stopping();
  };
  for (const std::string& text : results.run().thresholds()) add(text, false, Duration(0));
  for (const v1::ThresholdRule& rule : results.run().threshold_rules()) {
    add(rule.check(), rule.abort(), Duration(rule.for_ns()));
  }
  return out;
}

// A figure's relative standard error from its interval, by ten batches or a few more; 0: not known.
double ErrorOf(const Interval95& interval, double value) {
  constexpr double kStudent = 2.2;
  return interval ? ((*interval)[1] - (*interval)[0]) / (2 * kStudent * value) : 0;
}

// The rows that are measured and no worse than this, as the fit sees them.
std::vector<capacity::SweepPoint> PointsOf(const std::vector<Row>& rows, Verdict worst) {
  std::vector<capacity::SweepPoint> points;
  for (const Row& row : rows) {
    if (row.measuring || capacity::Worst(row.judgement.verdict, worst) != worst || !row.think_s ||
        !row.rps || !row.avg_ms || *row.rps <= 0 || *row.avg_ms <= 0) {
      continue;
    }
    capacity::SweepPoint& point = points.emplace_back();
    point.users = row.users;
    point.think_s = *row.think_s;
    point.rps = *row.rps;
    point.response_s = *row.avg_ms / 1000;
    point.rps_error = ErrorOf(row.ci95_rps, *row.rps);
    point.response_error = ErrorOf(row.ci95_avg, *row.avg_ms);
    if (row.shortest_ms) point.shortest_s = *row.shortest_ms / 1000;
  }
  return points;
}

double HighestRps(const std::vector<capacity::SweepPoint>& points) {
  double most = 0;
  for (const capacity::SweepPoint& point : points) most = std::max(most, point.rps);
  return most;
}

// Of the valid rows only, as long as they reach as far as all: invalid ones do not describe the
// target, degraded ones do so less well.
std::optional<capacity::SweepFit> FitOf(const results::Results& results,
                                        const std::vector<Row>& rows, const Fitter& fitter) {
  constexpr double kAsFar = 0.9;
  std::vector<capacity::SweepPoint> points = PointsOf(rows, Verdict::kValid);
  const std::vector<capacity::SweepPoint> usable = PointsOf(rows, Verdict::kDegraded);
  std::size_t degraded = 0;
  if (points.size() < capacity::kFewestPoints || HighestRps(points) < kAsFar * HighestRps(usable)) {
    degraded = usable.size() - points.size();
    points = usable;
  }
  const v1::RunStarted& run = results.run();
  capacity::SweepFacts facts;
  if (run.has_declared_pool()) facts.declared_pool = run.declared_pool();
  facts.degraded_rows = degraded;
  facts.probe = run.probe();
  if (run.probe() && run.scenario_think_time_s() >= 0) {
    facts.scenario_think_s = run.scenario_think_time_s();
  }
  return fitter(points, facts);
}

// Of a steady run, over its whole seconds.
void AddIntervals(const results::Batches& batches, const stats::EndpointStats& stats,
                  double duration_s, Endpoint& endpoint) {
  const Intervals intervals =
      IntervalsOf(batches, static_cast<std::uint32_t>(duration_s + 0.001), stats.response);
  endpoint.ci95_rps = intervals.rps;
  endpoint.response.ci95_avg = intervals.avg_ms;
  const bool corrected = endpoint.response.censored && endpoint.response.censored->of_known_age > 0;
  if (!corrected) endpoint.response.ci95_p95 = intervals.p95_ms;
}

}  // namespace

void FindCauses(const results::Results& results, Report& report) {
  forensics::Findings findings = forensics::Explain(results);
  report.failures.clear();
  report.inferred.clear();
  for (forensics::Row& row : findings.rows) {
    report.failures.push_back(
        {.endpoint = results.run().endpoints(static_cast<int>(row.endpoint)).name(),
         .kind = std::string(forensics::Name(row.cause)),
         .message = std::move(row.message),
         .phase = std::string(stats::Name(row.phase)),
         .count = row.count,
         .first_s = Seconds(row.first),
         .last_s = Seconds(row.last),
         .cause = std::move(row.says),
         .remedy = std::string(forensics::Remedy(row.cause)),
         .evidence = std::move(row.evidence)});
  }
  for (forensics::Limit& limit : findings.limits) {
    report.inferred.push_back(
        {std::move(limit.what), limit.value, limit.evidence, std::move(limit.says)});
  }
}

Report Build(const results::Results& results, Moment moment, const Fitter& fitter) {
  Report report;
  const double duration_s = Seconds(results.duration());
  report.run = RunOf(results);
  const bool steady = IsSteady(results);
  const stats::EndpointStats total = results.Total();
  report.totals = EndpointOf(total, "Aggregated", "", duration_s);
  if (steady) AddIntervals(results.TotalBatches(), total, duration_s, report.totals);
  for (std::size_t i = 0; i < results.endpoints().size(); ++i) {
    const v1::EndpointName& name = results.run().endpoints(static_cast<int>(i));
    report.endpoints.push_back(
        EndpointOf(results.endpoints()[i], name.name(), name.method(), duration_s));
    report.endpoints.back().apart = name.apart();
    if (steady) {
      AddIntervals(results.batches()[i], results.endpoints()[i], duration_s,
                   report.endpoints.back());
    }
  }
  FindCauses(results, report);
  AddWarnings(results, report);
  report.series = SeriesOf(results);
  report.sweep = !results.rows().empty();
  report.rows = RowsOf(results);
  if (moment == Moment::kRunIsOn && report.sweep) {
    report.rows.back().measuring = !results.rows().back().end_s;
  }
  report.probe = results.run().probe();
  if (results.run().has_find()) report.find = FindOf(results);
  if (report.sweep && !report.find) report.fit = FitOf(results, report.rows, fitter);
  report.thresholds = ThresholdsOf(results, report);
  NoteWorkers(results, moment, report.run);
  NoteRows(report, report.run);
  NoteClocks(results, report.run);
  if (const auto warning = scenario::EndpointWarning(report.endpoints.size()); !warning.empty()) {
    Note(report.run, Verdict::kValid, std::string(warning));
  }
  return report;
}

}  // namespace sfp::report
