#include "master/report/thresholds.h"

#include <utility>

namespace sfp::report {
namespace {

const Endpoint* Find(const Report& report, const config::Threshold& threshold) {
  if (threshold.endpoint.empty()) return &report.totals;
  for (const Endpoint& endpoint : report.endpoints) {
    if (config::IsAbout(threshold, endpoint.name, endpoint.method)) return &endpoint;
  }
  return nullptr;
}

Number LatencyOf(const Latencies& l, std::string_view metric) {
  const std::pair<std::string_view, Number> values[] = {
      {"avg", l.avg}, {"min", l.min},     {"max", l.max},       {"p50", l.p50}, {"p66", l.p66},
      {"p75", l.p75}, {"p80", l.p80},     {"p90", l.p90},       {"p95", l.p95}, {"p98", l.p98},
      {"p99", l.p99}, {"p99.9", l.p99_9}, {"p99.99", l.p99_99},
  };
  for (const auto& [name, value] : values) {
    if (name == metric) return value;
  }
  return std::nullopt;
}

Number FitOf(const Report& report, std::string_view metric) {
  if (!report.fit || !report.fit->queue) return std::nullopt;
  const capacity::QueueFit& fit = *report.fit->queue;
  if (metric == "knee") return fit.knee_users;
  if (metric == "max_rps") return fit.max_rps;
  return static_cast<double>(fit.queue.servers);
}

}  // namespace

Number MetricOf(const Endpoint& endpoint, std::string_view metric) {
  constexpr std::string_view kIntended = "intended_";
  if (metric.starts_with(kIntended)) {
    if (!endpoint.intended) return std::nullopt;
    return LatencyOf(*endpoint.intended, metric.substr(kIntended.size()));
  }
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  const std::pair<std::string_view, Number> values[] = {
      {"failures", endpoint.failure_pct},
      {"rps", endpoint.rps},
      {"requests", number(endpoint.requests)},
      {"succeeded", number(endpoint.requests - endpoint.failures)},
      {"failed", number(endpoint.failures)},
      {"started", number(endpoint.started)},
      {"in_flight", number(endpoint.in_flight)},
      {"dropped", number(endpoint.dropped)},
      {"skipped", number(endpoint.skipped)},
      {"reconnects", number(endpoint.reconnects)},
  };
  for (const auto& [name, value] : values) {
    if (name == metric) return value;
  }
  return LatencyOf(endpoint.response, metric);
}

Threshold Evaluate(const config::Threshold& threshold, const Report& report) {
  Threshold out{.text = threshold.text};
  if (threshold.abort) {
    out.abort = true;
    out.for_s = Seconds(threshold.patience);
  }
  if (config::OfTheFit(threshold)) {
    out.value = FitOf(report, threshold.metric);
  } else if (const Endpoint* endpoint = Find(report, threshold)) {
    out.value = MetricOf(*endpoint, threshold.metric);
  }
  out.held = out.value && config::Holds(threshold, *out.value);
  out.sentence = config::Sentence(threshold, out.value);
  return out;
}

}  // namespace sfp::report
