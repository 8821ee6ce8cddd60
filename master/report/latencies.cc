#include "master/report/latencies.h"

#include <algorithm>
#include <utility>

namespace sfp::report {
namespace {

Number Ms(std::optional<Duration> duration) {
  if (!duration) return std::nullopt;
  return Millis(*duration);
}

const stats::Histogram& PhaseOf(const stats::EndpointStats& stats, stats::Phase phase) {
  return stats.phases[static_cast<std::size_t>(phase)];
}

}  // namespace

Number QuantileMs(const stats::Histogram& histogram, double q) { return Ms(histogram.Quantile(q)); }

Latencies LatenciesOf(const stats::Histogram& h) {
  Latencies out;
  out.avg = Ms(h.mean());
  out.min = Ms(h.min());
  out.max = Ms(h.max());
  out.p50 = QuantileMs(h, 0.50);
  out.p66 = QuantileMs(h, 0.66);
  out.p75 = QuantileMs(h, 0.75);
  out.p80 = QuantileMs(h, 0.80);
  out.p90 = QuantileMs(h, 0.90);
  out.p95 = QuantileMs(h, 0.95);
  out.p98 = QuantileMs(h, 0.98);
  out.p99 = QuantileMs(h, 0.99);
  out.p99_9 = QuantileMs(h, 0.999);
  out.p99_99 = QuantileMs(h, 0.9999);
  out.p100 = QuantileMs(h, 1);
  return out;
}

std::optional<Latencies> Measured(const stats::Histogram& histogram) {
  if (histogram.count() == 0) return std::nullopt;
  return LatenciesOf(histogram);
}

Number PerSecond(std::uint64_t count, double window_s) {
  if (window_s <= 0) return std::nullopt;
  return static_cast<double>(count) / window_s;
}

Number Percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

Number SuccessAverageMs(const stats::EndpointStats& stats) {
  if (stats.succeeded == 0) return std::nullopt;
  const unsigned __int128 sum = stats.response.sum_ns() - stats.failed_sum_ns;
  return static_cast<double>(sum) / static_cast<double>(stats.succeeded) * 1e-6;
}

Endpoint EndpointOf(const stats::EndpointStats& stats, std::string name, std::string method,
                    double window_s) {
  Endpoint out;
  out.name = std::move(name);
  out.method = std::move(method);
  out.started = stats.started;
  out.requests = stats.requests();
  out.failures = stats.failed;
  out.in_flight = stats.started - std::min(stats.started, stats.requests());
  out.skipped = stats.skipped;
  out.dropped = stats.dropped;
  out.reconnects = stats.reconnects;
  out.rps = PerSecond(stats.requests(), window_s);
  out.failure_pct = Percent(stats.failed, stats.requests());
  out.bytes_sent = stats.bytes_sent;
  out.bytes_received = stats.bytes_received;
  out.response = LatenciesOf(stats.response);
  out.intended = Measured(stats.intended);
  out.connect = Measured(PhaseOf(stats, stats::Phase::kConnect));
  out.tls = Measured(PhaseOf(stats, stats::Phase::kTls));
  out.first_byte = Measured(PhaseOf(stats, stats::Phase::kFirstByte));
  out.body = Measured(PhaseOf(stats, stats::Phase::kBody));
  out.status = stats.status;
  return out;
}

}  // namespace sfp::report
