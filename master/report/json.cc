#include "master/report/json.h"

#include <algorithm>
#include <cmath>

#include "master/report/json_writer.h"

namespace sfp::report {
namespace {

void Write(JsonWriter& w, const Interval95& interval) {
  if (!interval) return w.Null();
  w.BeginArray(JsonWriter::kInline);
  for (const double bound : *interval) w.Value(bound);
  w.EndArray();
}

void Write(JsonWriter& w, const std::vector<std::string>& texts) {
  w.BeginArray();
  for (const std::string& text : texts) w.Value(text);
  w.EndArray();
}

// Requests without an answer at the end; a percentile that they leave open is null and has a bound
// here.
void Write(JsonWriter& w, const std::optional<Censored>& censored) {
  if (!censored) return w.Null();
  w.BeginObject(JsonWriter::kInline);
  w.Key("requests").Value(censored->requests);
  w.Key("of_known_age").Value(censored->of_known_age);
  w.Key("at_least").BeginObject(JsonWriter::kInline);
  for (const auto& [percentile, ms] : censored->at_least) w.Key(percentile).Value(ms);
  w.EndObject();
  w.EndObject();
}

void Write(JsonWriter& w, const Latencies& l) {
  w.BeginObject(JsonWriter::kInline);
  w.Key("avg").Value(l.avg);
  w.Key("min").Value(l.min);
  w.Key("max").Value(l.max);
  w.Key("p50").Value(l.p50);
  w.Key("p66").Value(l.p66);
  w.Key("p75").Value(l.p75);
  w.Key("p80").Value(l.p80);
  w.Key("p90").Value(l.p90);
  w.Key("p95").Value(l.p95);
  w.Key("p98").Value(l.p98);
  w.Key("p99").Value(l.p99);
  w.Key("p99_9").Value(l.p99_9);
  w.Key("p99_99").Value(l.p99_99);
  w.Key("p100").Value(l.p100);
  Write(w.Key("ci95_avg"), l.ci95_avg);
  Write(w.Key("ci95_p95"), l.ci95_p95);
  w.EndObject();
}

void Write(JsonWriter& w, const std::optional<Latencies>& latencies) {
  if (latencies) {
    Write(w, *latencies);
  } else {
    w.Null();
  }
}

void Write(JsonWriter& w, const Endpoint& e) {
  w.BeginObject();
  w.Key("name").Value(e.name);
  w.Key("method").TextOrNull(e.method);
  if (e.apart) w.Key("apart").Value(true);
  w.Key("started").Value(e.started);
  w.Key("requests").Value(e.requests);
  w.Key("failures").Value(e.failures);
  w.Key("in_flight").Value(e.in_flight);
  w.Key("skipped").Value(e.skipped);
  w.Key("dropped").Value(e.dropped);
  w.Key("reconnects").Value(e.reconnects);
  w.Key("rps").Value(e.rps);
  Write(w.Key("ci95_rps"), e.ci95_rps);
  w.Key("failure_pct").Value(e.failure_pct);
  w.Key("bytes_sent").Value(e.bytes_sent);
  w.Key("bytes_received").Value(e.bytes_received);
  Write(w.Key("response_ms"), e.response);
  Write(w.Key("censored"), e.response.censored);
  Write(w.Key("intended_ms"), e.intended);
  w.Key("phases_ms").BeginObject();
  Write(w.Key("connect"), e.connect);
  Write(w.Key("tls"), e.tls);
  Write(w.Key("first_byte"), e.first_byte);
  Write(w.Key("body"), e.body);
  w.EndObject();
  w.Key("status").BeginObject(JsonWriter::kInline);
  for (const auto& [code, count] : e.status) w.Key(std::to_string(code)).Value(count);
  w.EndObject();
  w.EndObject();
}

void Write(JsonWriter& w, const Run& run) {
  w.BeginObject();
  w.Key("id").Value(run.id);
  w.Key("seed").Value(run.seed);
  w.Key("started_at").Value(run.started_at);
  w.Key("duration_s").Value(run.duration_s);
  w.Key("target").Value(run.target);
  w.Key("sfp_version").Value(run.sfp_version);
  w.Key("verdict").Value(capacity::Name(run.verdict));
  Write(w.Key("reasons"), run.reasons);
  w.Key("interrupted").Value(run.interrupted);
  w.Key("model").Value(run.open ? "open" : "closed");
  w.Key("iterations").Value(run.iterations);
  w.Key("iterations_planned").Value(run.iterations_planned);
  if (run.users_stopped > 0) w.Key("users_stopped").Value(run.users_stopped);
  w.Key("digest").Value(run.digest);
  w.Key("workers").BeginArray();
  for (const Worker& worker : run.workers) {
    w.BeginObject(JsonWriter::kInline);
    w.Key("index").Value(worker.index);
    w.Key("name").Value(worker.name);
    w.Key("threads").Value(worker.threads);
    w.Key("lost").Value(worker.lost);
    w.Key("rejoined").Value(worker.rejoined);
    w.Key("cpu_max").Value(worker.cpu_max);
    w.Key("lag_p99_ms").Value(worker.lag_p99_ms);
    w.Key("may_be_missing").Value(worker.may_be_missing);
    w.Key("loop_lag_p99_ms").Value(worker.loop_lag_p99_ms);
    w.Key("throttled_ms").Value(worker.throttled_ms);
    w.Key("fds_used").Value(worker.fds_used);
    w.Key("fds_limit").Value(worker.fds_limit);
    w.Key("ports_used").Value(worker.ports_used);
    w.Key("ports_limit").Value(worker.ports_limit);
    w.Key("totals_equal").Value(worker.totals_equal);
    w.Key("digest").TextOrNull(worker.digest);
    w.Key("wall_clock_offset_s").Value(worker.wall_clock_offset_s);
    w.Key("clock_stepped_s").Value(worker.clock_stepped_s);
    w.Key("suspended_s").Value(worker.suspended_s);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
}

template <typename Row>
void WriteWhen(JsonWriter& w, const Row& row) {
  w.Key("count").Value(row.count);
  w.Key("first_s").Value(row.first_s);
  w.Key("last_s").Value(row.last_s);
}

void Write(JsonWriter& w, const std::vector<Failure>& failures) {
  w.BeginArray();
  for (const Failure& f : failures) {
    w.BeginObject();
    w.Key("endpoint").Value(f.endpoint);
    w.Key("class").Value(f.kind);
    w.Key("message").Value(f.message);
    w.Key("phase").Value(f.phase);
    WriteWhen(w, f);
    w.Key("cause").TextOrNull(f.cause);
    w.Key("remedy").TextOrNull(f.remedy);
    w.Key("evidence").Value(f.evidence);
    w.EndObject();
  }
  w.EndArray();
}

void WriteWarnings(JsonWriter& w, const std::vector<Warning>& warnings) {
  w.BeginArray();
  for (const Warning& warning : warnings) {
    w.BeginObject();
    w.Key("endpoint").Value(warning.endpoint);
    w.Key("message").Value(warning.message);
    WriteWhen(w, warning);
    w.EndObject();
  }
  w.EndArray();
}

void WriteInferred(JsonWriter& w, const std::vector<Inferred>& inferred) {
  w.BeginArray();
  for (const Inferred& i : inferred) {
    w.BeginObject(JsonWriter::kInline);
    w.Key("what").Value(i.what);
    w.Key("value").Value(i.value);
    w.Key("evidence").Value(i.evidence);
    w.Key("says").Value(i.says);
    w.EndObject();
  }
  w.EndArray();
}

void WriteSeries(JsonWriter& w, const std::vector<SeriesPoint>& series) {
  w.BeginArray();
  for (const SeriesPoint& p : series) {
    w.BeginObject(JsonWriter::kInline);
    w.Key("t").Value(p.t);
    w.Key("users").Value(p.users);
    w.Key("rps").Value(p.rps);
    w.Key("failures_per_s").Value(p.failures_per_s);
    w.Key("p50_ms").Value(p.p50_ms);
    w.Key("p95_ms").Value(p.p95_ms);
    w.Key("degraded").Value(p.degraded);
    w.EndObject();
  }
  w.EndArray();
}

void Write(JsonWriter& w, const Row& row) {
  w.BeginObject();
  w.Key("users").Value(row.users);
  w.Key("rate").Value(row.rate);
  w.Key("requests").Value(row.requests);
  w.Key("failures").Value(row.failures);
  w.Key("failure_pct").Value(row.failure_pct);
  w.Key("avg_ms").Value(row.avg_ms);
  w.Key("rps").Value(row.rps);
  w.Key("p50_ms").Value(row.p50_ms);
  w.Key("p95_ms").Value(row.p95_ms);
  w.Key("p99_ms").Value(row.p99_ms);
  Write(w.Key("ci95_avg"), row.ci95_avg);
  Write(w.Key("ci95_rps"), row.ci95_rps);
  Write(w.Key("ci95_p95"), row.ci95_p95);
  Write(w.Key("censored"), row.censored);
  w.Key("in_flight").Value(row.in_flight);
  w.Key("little_ratio").Value(row.judgement.little_ratio);
  w.Key("verdict").Value(row.measuring ? "measuring" : capacity::Name(row.judgement.verdict));
  Write(w.Key("reasons"), row.measuring ? std::vector<std::string>() : row.judgement.reasons);
  w.Key("needed_s").Value(row.judgement.needed_s);
  w.EndObject();
}

void Write(JsonWriter& w, const capacity::Interval& interval) {
  w.BeginArray(JsonWriter::kInline);
  w.Value(interval.low);
  w.Value(interval.high);
  w.EndArray();
}

// The closed queue between the rows, to be drawn through them.
void WriteCurve(JsonWriter& w, const capacity::SweepFit& fit, const std::vector<Row>& rows) {
  double most = 0, least = 0, think_s = 0;
  for (const Row& row : rows) {
    most = std::max(most, static_cast<double>(row.users));
    least = least == 0 ? row.users : std::min(least, static_cast<double>(row.users));
    think_s = row.think_s.value_or(think_s);
  }
  if (!fit.queue || least == 0) return w.Null();
  constexpr int kPoints = 40;
  w.BeginArray();
  double before = 0;
  for (int i = 0; i <= kPoints; ++i) {
    const double users = std::round(least * std::pow(most / least, double{1} * i / kPoints));
    if (users == before) continue;
    before = users;
    const capacity::QueueFigures figures = fit.queue->At(users, think_s);
    w.BeginObject(JsonWriter::kInline);
    w.Key("users").Value(users);
    w.Key("rps").Value(figures.rps);
    w.Key("avg_ms").Value(figures.response_s * 1000);
    w.EndObject();
  }
  w.EndArray();
}

// What the rows could not tell is null.
void Write(JsonWriter& w, const capacity::SweepFit& fit, const std::vector<Row>& rows) {
  w.BeginObject();
  if (fit.queue) {
    const capacity::QueueFit& queue = *fit.queue;
    w.Key("servers").Value(queue.queue.servers);
    Write(w.Key("servers_ci95"), queue.servers_ci95);
    w.Key("service_ms").Value(queue.queue.service_s * 1000);
    w.Key("delay_ms").Value(queue.delay_s * 1000);
    w.Key("max_rps").Value(queue.max_rps);
    Write(w.Key("max_rps_ci95"), queue.max_rps_ci95);
    w.Key("knee_users").Value(queue.knee_users);
    Write(w.Key("knee_ci95"), queue.knee_ci95);
    w.Key("rms").Value(queue.rms);
  } else {
    for (const char* key : {"servers", "servers_ci95", "service_ms", "delay_ms", "max_rps",
                            "max_rps_ci95", "knee_users", "knee_ci95", "rms"}) {
      w.Key(key).Null();
    }
  }
  w.Key("usl");
  if (fit.usl) {
    w.BeginObject(JsonWriter::kInline);
    w.Key("lambda").Value(fit.usl->lambda);
    w.Key("sigma").Value(fit.usl->sigma);
    w.Key("kappa").Value(fit.usl->kappa);
    w.EndObject();
  } else {
    w.Null();
  }
  w.Key("better").TextOrNull(capacity::Name(fit.better));
  WriteCurve(w.Key("curve"), fit, rows);
  Write(w.Key("says"), fit.says);
  w.EndObject();
}

void WriteSweep(JsonWriter& w, const Report& report) {
  if (!report.sweep) return w.Null();
  w.BeginObject();
  w.Key("probe").Value(report.probe);
  w.Key("rows").BeginArray();
  for (const Row& row : report.rows) Write(w, row);
  w.EndArray();
  w.Key("fit");
  if (report.fit) {
    Write(w, *report.fit, report.rows);
  } else {
    w.Null();
  }
  w.EndObject();
}

void Write(JsonWriter& w, const std::optional<Found>& find) {
  if (!find) return w.Null();
  w.BeginObject();
  w.Key("goal").Value(find->goal);
  w.Key("users").Value(find->of_rates ? Number() : find->load);
  Write(w.Key("users_ci95"), find->of_rates ? Interval95() : find->ci95);
  w.Key("rate").Value(find->of_rates ? find->load : Number());
  Write(w.Key("rate_ci95"), find->of_rates ? find->ci95 : Interval95());
  w.Key("steps").Value(std::uint64_t{find->steps});
  w.Key("done").Value(find->done);
  Write(w.Key("says"), find->says);
  w.EndObject();
}

void WriteThresholds(JsonWriter& w, const std::vector<Threshold>& thresholds) {
  w.BeginArray();
  for (const Threshold& t : thresholds) {
    w.BeginObject(JsonWriter::kInline);
    w.Key("text").Value(t.text);
    w.Key("value").Value(t.value);
    w.Key("held").Value(t.held);
    w.Key("sentence").Value(t.sentence);
    w.Key("abort").Value(t.abort);
    w.Key("for_s").Value(t.for_s);
    w.Key("aborted").Value(t.aborted);
    w.EndObject();
  }
  w.EndArray();
}

}  // namespace

void WriteCapacity(JsonWriter& w, const Report& report) {
  w.BeginObject(JsonWriter::kInline);
  w.Key("verdict").Value(capacity::Name(report.run.verdict));
  Write(w.Key("reasons"), report.run.reasons);
  WriteThresholds(w.Key("thresholds"), report.thresholds);
  WriteSweep(w.Key("sweep"), report);
  Write(w.Key("find"), report.find);
  w.EndObject();
}

void WriteFailures(JsonWriter& w, const std::vector<Failure>& failures, const Report& report) {
  w.BeginObject(JsonWriter::kInline);
  Write(w.Key("failures"), failures);
  WriteWarnings(w.Key("warnings"), report.warnings);
  WriteInferred(w.Key("inferred"), report.inferred);
  w.EndObject();
}

std::string ToJson(const Report& report) {
  JsonWriter w;
  w.BeginObject();
  w.Key("schema").Value("sfp.report/1");
  Write(w.Key("run"), report.run);
  Write(w.Key("totals"), report.totals);
  w.Key("endpoints").BeginArray();
  for (const Endpoint& endpoint : report.endpoints) Write(w, endpoint);
  w.EndArray();
  Write(w.Key("failures"), report.failures);
  WriteWarnings(w.Key("warnings"), report.warnings);
  WriteInferred(w.Key("inferred"), report.inferred);
  WriteSeries(w.Key("series"), report.series);
  WriteSweep(w.Key("sweep"), report);
  Write(w.Key("find"), report.find);
  WriteThresholds(w.Key("thresholds"), report.thresholds);
  w.EndObject();
  return w.Take();
}

}  // namespace sfp::report
