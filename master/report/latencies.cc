#include "master/report/latencies.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "master/report/censored.h"

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

std::span<const Percentile> Percentiles() {
  static constexpr Percentile kAll[] = {
      {"p50", 0.50, &Latencies::p50},      {"p66", 0.66, &Latencies::p66},
      {"p75", 0.75, &Latencies::p75},      {"p80", 0.80, &Latencies::p80},
      {"p90", 0.90, &Latencies::p90},      {"p95", 0.95, &Latencies::p95},
      {"p98", 0.98, &Latencies::p98},      {"p99", 0.99, &Latencies::p99},
      {"p99_9", 0.999, &Latencies::p99_9}, {"p99_99", 0.9999, &Latencies::p99_99},
      {"p100", 1, &Latencies::p100},
  };
  return kAll;
}

Number QuantileMs(const stats::Histogram& histogram, double q) { return Ms(histogram.Quantile(q)); }

Latencies LatenciesOf(const stats::Histogram& h) {
  Latencies out;
  out.avg = Ms(h.mean());
  out.min = Ms(h.min());
  out.max = Ms(h.max());
  for (const Percentile& percentile : Percentiles()) {
    out.*percentile.field = QuantileMs(h, percentile.q);
  }
  return out;
}

std::optional<Latencies> Measured(const stats::Histogram& histogram) {
  if (histogram.count() == 0) return std::nullopt;
  return LatenciesOf(histogram);
}

std::string CensoredNote(const Report& report) {
  const auto& censored = report.totals.response.censored;
  if (!censored || censored->of_known_age == 0) return "";
  return absl::StrFormat(
      "%d request%s given up without an answer: percentiles are corrected for that (Kaplan-Meier), "
      "where too few were answered they are a bound (>)\n",
      censored->of_known_age, censored->of_known_age == 1 ? " was" : "s were");
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
  out.response = ResponseTimes(stats);
  out.intended = Measured(stats.intended);
  out.connect = Measured(PhaseOf(stats, stats::Phase::kConnect));
  out.tls = Measured(PhaseOf(stats, stats::Phase::kTls));
  out.first_byte = Measured(PhaseOf(stats, stats::Phase::kFirstByte));
  out.body = Measured(PhaseOf(stats, stats::Phase::kBody));
  out.status = stats.status;
  return out;
}

}  // namespace sfp::report
