#include "master/web/views.h"

#include "master/report/latencies.h"

namespace sfp::web {
namespace {

using report::JsonWriter;

constexpr auto kInline = JsonWriter::kInline;

struct Rates {
  double rps = 0;
  double failures_per_s = 0;
};

void WriteRow(JsonWriter& w, const stats::EndpointStats& stats, const v1::EndpointName* name,
              double window_s, const std::optional<Rates>& now) {
  w.BeginObject(kInline);
  w.Key("name").Value(name == nullptr ? "Aggregated" : name->name());
  w.Key("method").Value(name == nullptr ? std::nullopt : std::optional(name->method()));
  if (name != nullptr && name->apart()) w.Key("apart").Value(true);
  w.Key("started").Value(stats.started);
  w.Key("requests").Value(stats.requests());
  w.Key("failures").Value(stats.failed);
  w.Key("skipped").Value(stats.skipped);
  w.Key("dropped").Value(stats.dropped);
  w.Key("reconnects").Value(stats.reconnects);
  w.Key("rps").Value(report::PerSecond(stats.requests(), window_s));
  w.Key("failure_pct").Value(report::Percent(stats.failed, stats.requests()));
  w.Key("rps_now").Value(now ? std::optional(now->rps) : std::nullopt);
  w.Key("failures_per_s_now").Value(now ? std::optional(now->failures_per_s) : std::nullopt);
  w.Key("bytes_sent").Value(stats.bytes_sent);
  w.Key("bytes_received").Value(stats.bytes_received);
  const stats::Histogram& response = stats.response;
  const auto ms = [](const std::optional<Duration>& d) -> report::Number {
    return d ? report::Number(Millis(*d)) : std::nullopt;
  };
  w.Key("response_ms").BeginObject(kInline);
  w.Key("avg").Value(ms(response.mean()));
  w.Key("min").Value(ms(response.min()));
  w.Key("max").Value(ms(response.max()));
  w.Key("p50").Value(report::QuantileMs(response, 0.50));
  w.Key("p95").Value(report::QuantileMs(response, 0.95));
  w.Key("p99").Value(report::QuantileMs(response, 0.99));
  w.EndObject();
  w.EndObject();
}

// What WriteRow shows of it.
void Add(stats::EndpointStats& total, const stats::EndpointStats& stats) {
  total.started += stats.started;
  total.succeeded += stats.succeeded;
  total.failed += stats.failed;
  total.skipped += stats.skipped;
  total.dropped += stats.dropped;
  total.reconnects += stats.reconnects;
  total.bytes_sent += stats.bytes_sent;
  total.bytes_received += stats.bytes_received;
  total.response.Merge(stats.response);
}

void WriteNames(JsonWriter& w, const std::vector<std::string>& names) {
  w.BeginArray(kInline);
  for (const std::string& name : names) w.Value(name);
  w.EndArray();
}

void WriteClasses(JsonWriter& w, const std::vector<ClassRow>& classes) {
  w.BeginArray(kInline);
  for (const ClassRow& row : classes) {
    w.BeginObject(kInline);
    w.Key("name").Value(row.name);
    w.Key("weight").Value(row.weight);
    w.Key("count").Value(row.count);
    WriteNames(w.Key("on_start"), row.on_start);
    WriteNames(w.Key("on_stop"), row.on_stop);
    w.Key("tasks").BeginArray(kInline);
    for (const ClassRow::Task& task : row.tasks) {
      w.BeginObject(kInline);
      w.Key("name").Value(task.name);
      w.Key("weight").Value(task.weight);
      w.EndObject();
    }
    w.EndArray();
    w.EndObject();
  }
  w.EndArray();
}

}  // namespace

void WriteStatus(JsonWriter& w, const RunStatus& s) {
  w.BeginObject(kInline);
  w.Key("state").Value(s.state);
  w.Key("says").Value(s.says);
  w.Key("run").Value(s.run);
  w.Key("target").Value(s.target);
  w.Key("load").Value(s.load);
  w.Key("edits").Value(s.edits);
  w.Key("ready").Value(s.ready);
  w.Key("workers").Value(s.workers);
  w.Key("workers_wanted").Value(s.workers_wanted);
  w.Key("workers_lost").Value(s.workers_lost);
  w.Key("users").Value(s.users);
  w.Key("users_planned").Value(s.users_planned);
  w.Key("level").Value(s.level);
  w.Key("levels").Value(s.levels);
  w.Key("requests").Value(s.requests);
  w.Key("failures").Value(s.failures);
  w.Key("rps").Value(s.rps);
  w.Key("failures_per_s").Value(s.failures_per_s);
  w.Key("p95_ms").Value(s.p95_ms);
  w.Key("second").Value(s.second);
  w.Key("left_s").Value(s.left_s);
  w.Key("level_left_s").Value(s.level_left_s);
  w.EndObject();
}

void WriteStats(JsonWriter& w, const results::Results* results) {
  if (results == nullptr) return w.Null();
  const std::vector<stats::EndpointStats>& window = results->window();
  const double since_s = Seconds(results->window_begin());
  const double window_s = Seconds(results->duration()) - since_s;
  std::uint32_t seconds = 0;
  const std::vector<results::Counts> recent = results->RecentCounts(seconds);
  const bool live = !results->ended() && seconds > 0;
  Rates all;
  stats::EndpointStats total;
  w.BeginObject(kInline);
  w.Key("since_s").Value(since_s);
  w.Key("window_s").Value(window_s);
  w.Key("endpoints").BeginArray(kInline);
  for (std::size_t i = 0; i < window.size(); ++i) {
    std::optional<Rates> now;
    if (live) {
      now.emplace();
      if (i < recent.size()) {
        now->rps = static_cast<double>(recent[i].requests) / seconds;
        now->failures_per_s = static_cast<double>(recent[i].failures) / seconds;
      }
      if (!results->apart(i)) {
        all.rps += now->rps;
        all.failures_per_s += now->failures_per_s;
      }
    }
    WriteRow(w, window[i], &results->run().endpoints(static_cast<int>(i)), window_s, now);
    if (!results->apart(i)) Add(total, window[i]);
  }
  w.EndArray();
  w.Key("totals");
  WriteRow(w, total, nullptr, window_s, live ? std::optional(all) : std::nullopt);
  w.EndObject();
}

void WriteWorkers(JsonWriter& w, const std::vector<WorkerRow>& workers) {
  w.BeginArray(kInline);
  for (const WorkerRow& row : workers) {
    w.BeginObject(kInline);
    w.Key("index").Value(row.index);
    w.Key("name").Value(row.name);
    w.Key("peer").Value(row.peer);
    w.Key("state").Value(row.state);
    w.Key("threads").Value(row.threads);
    w.Key("users").Value(row.users);
    w.Key("in_flight").Value(row.in_flight);
    w.Key("cpu").Value(row.cpu);
    w.Key("cpu_max").Value(row.cpu_max);
    w.Key("lag_p99_ms").Value(row.lag_p99_ms);
    w.Key("clock_offset_ms").Value(row.clock_offset_ms);
    w.Key("round_trip_ms").Value(row.round_trip_ms);
    w.Key("wall_clock_offset_s").Value(row.wall_clock_offset_s);
    w.Key("clock_stepped_s").Value(row.clock_stepped_s);
    w.Key("suspended_s").Value(row.suspended_s);
    w.Key("seen_s").Value(row.seen_s);
    w.Key("rejoined").Value(row.rejoined);
    w.EndObject();
  }
  w.EndArray();
}

void WriteDefaults(JsonWriter& w, const Defaults& d) {
  w.BeginObject(kInline);
  w.Key("name").Value(d.name);
  w.Key("host").Value(d.host);
  w.Key("kind").Value(d.kind);
  w.Key("load").Value(d.load);
  w.Key("users").Value(d.users);
  w.Key("spawn_rate").Value(d.spawn_rate);
  w.Key("run_time").Value(d.run_time);
  w.Key("sweep").BeginArray(kInline);
  for (const std::uint32_t level : d.sweep) w.Value(level);
  w.EndArray();
  w.Key("step_time").Value(d.step_time);
  w.Key("rate").Value(d.rate);
  WriteClasses(w.Key("classes"), d.classes);
  w.Key("resolved").Value(d.resolved_yaml);
  w.EndObject();
}

void WriteLog(JsonWriter& w, const std::vector<LogLine>& lines) {
  w.BeginArray(kInline);
  for (const LogLine& line : lines) {
    w.BeginObject(kInline);
    w.Key("number").Value(line.number);
    w.Key("time").Value(line.time);
    w.Key("level").Value(line.level);
    w.Key("text").Value(line.text);
    w.EndObject();
  }
  w.EndArray();
}

}  // namespace sfp::web
