#include "master/report/thresholds.h"

#include <utility>

namespace sfp::report {
namespace {

const Endpoint* Find(const Report& report, std::string_view name) {
  if (name.empty()) return &report.totals;
  for (const Endpoint& endpoint : report.endpoints) {
    if (endpoint.name == name) return &endpoint;
  }
  return nullptr;
}

}  // namespace

Number MetricOf(const Endpoint& endpoint, std::string_view metric) {
  const Latencies& r = endpoint.response;
  const std::pair<std::string_view, Number> values[] = {
      {"avg", r.avg},
      {"min", r.min},
      {"max", r.max},
      {"p50", r.p50},
      {"p66", r.p66},
      {"p75", r.p75},
      {"p80", r.p80},
      {"p90", r.p90},
      {"p95", r.p95},
      {"p98", r.p98},
      {"p99", r.p99},
      {"p99.9", r.p99_9},
      {"p99.99", r.p99_99},
      {"failures", endpoint.failure_pct},
      {"rps", endpoint.rps},
      {"requests", static_cast<double>(endpoint.requests)},
      {"failed", static_cast<double>(endpoint.failures)},
  };
  for (const auto& [name, value] : values) {
    if (name == metric) return value;
  }
  return std::nullopt;
}

Threshold Evaluate(const config::Threshold& threshold, const Report& report) {
  Threshold out{.text = threshold.text};
  if (const Endpoint* endpoint = Find(report, threshold.endpoint)) {
    out.value = MetricOf(*endpoint, threshold.metric);
  }
  out.held = out.value && config::Holds(threshold, *out.value);
  return out;
}

}  // namespace sfp::report
