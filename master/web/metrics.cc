#include "master/web/metrics.h"

#include <absl/strings/str_format.h>

#include <functional>

#include "common/base/text.h"

namespace sfp::web {
namespace {

// Upper bounds in µs, from 1 ms to 5 minutes.
constexpr std::uint64_t kBoundsUs[] = {1'000,       2'500,      5'000,      10'000,     25'000,
                                       50'000,      100'000,    250'000,    500'000,    1'000'000,
                                       2'500'000,   5'000'000,  10'000'000, 30'000'000, 60'000'000,
                                       120'000'000, 300'000'000};

std::string Escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

void Head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  absl::StrAppendFormat(&out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void Gauge(std::string& out, std::string_view name, std::string_view help, double value) {
  Head(out, name, "gauge", help);
  absl::StrAppendFormat(&out, "%s %.15g\n", name, value);
}

class EndpointMetrics {
 public:
  explicit EndpointMetrics(const results::Results& results) : results_(results) {
    for (const v1::EndpointName& name : results.run().endpoints()) {
      labels_.push_back(absl::StrFormat("endpoint=\"%s\",method=\"%s\"", Escaped(name.name()),
                                        Escaped(name.method())));
    }
  }

  void Counter(std::string& out, std::string_view name, std::string_view help,
               const std::function<std::uint64_t(const stats::EndpointStats&)>& value) const {
    Head(out, name, "counter", help);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      absl::StrAppendFormat(&out, "%s{%s} %d\n", name, labels_[i], value(results_.endpoints()[i]));
    }
  }

  void Failures(std::string& out) const {
    constexpr std::string_view kName = "sfp_failures_total";
    Head(out, kName, "counter", "Failed requests by class.");
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      std::map<std::string, std::uint64_t> classes;
      for (const auto& [key, row] : results_.endpoints()[i].failures) {
        classes[std::string(stats::Name(key.kind))] += row.count;
      }
      for (const auto& [kind, count] : classes) {
        absl::StrAppendFormat(&out, "%s{%s,class=\"%s\"} %d\n", kName, labels_[i], kind, count);
      }
    }
  }

  void ResponseTimes(std::string& out) const {
    constexpr std::string_view kName = "sfp_response_time_seconds";
    Head(out, kName, "histogram", "Response times of all completed requests.");
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      const stats::Histogram& histogram = results_.endpoints()[i].response;
      std::uint64_t counts[std::size(kBoundsUs)] = {};
      histogram.ForEachBucket([&](std::uint32_t index, std::uint64_t count) {
        // A bucket that lies across a bound counts below it: its values differ by less than 1/1000.
        const std::uint64_t low = stats::Histogram::LowestUs(index);
        const auto bound = std::lower_bound(std::begin(kBoundsUs), std::end(kBoundsUs), low);
        if (bound != std::end(kBoundsUs)) counts[bound - std::begin(kBoundsUs)] += count;
      });
      std::uint64_t below = 0;
      for (std::size_t b = 0; b < std::size(kBoundsUs); ++b) {
        below += counts[b];
        absl::StrAppendFormat(&out, "%s_bucket{%s,le=\"%g\"} %d\n", kName, labels_[i],
                              static_cast<double>(kBoundsUs[b]) * 1e-6, below);
      }
      absl::StrAppendFormat(
          &out, "%s_bucket{%s,le=\"+Inf\"} %d\n%s_sum{%s} %.9g\n%s_count{%s} %d\n", kName,
          labels_[i], histogram.count(), kName, labels_[i],
          static_cast<double>(histogram.sum_ns()) * 1e-9, kName, labels_[i], histogram.count());
    }
  }

 private:
  const results::Results& results_;
  std::vector<std::string> labels_;
};

}  // namespace

std::string Metrics(const RunStatus& status, const results::Results* results) {
  std::string out;
  Head(out, "sfp_build_info", "gauge", "The version of this master.");
  absl::StrAppendFormat(&out, "sfp_build_info{version=\"%s\"} 1\n", Version());
  Head(out, "sfp_run_info", "gauge", "The run under way or the last one.");
  absl::StrAppendFormat(&out, "sfp_run_info{run=\"%s\",target=\"%s\",state=\"%s\"} 1\n",
                        Escaped(status.run), Escaped(status.target), status.state);
  Gauge(out, "sfp_run_active", "1 while users run.", status.state == "running" ? 1 : 0);
  Gauge(out, "sfp_run_seconds", "How long the run has lasted.", status.second);
  Gauge(out, "sfp_workers", "Connected workers.", status.workers);
  Gauge(out, "sfp_workers_wanted", "Workers without which no run starts.", status.workers_wanted);
  Gauge(out, "sfp_workers_lost", "Workers of the run that are lost now.", status.workers_lost);
  Gauge(out, "sfp_users", "Users that run.", status.users);
  Gauge(out, "sfp_users_planned", "Users that the plan wants now.", status.users_planned);
  if (results == nullptr) return out;
  Gauge(out, "sfp_requests_in_flight", "Requests started and not ended.",
        static_cast<double>(results->in_flight()));
  const EndpointMetrics endpoints(*results);
  using Stats = stats::EndpointStats;
  endpoints.Counter(out, "sfp_requests_started_total", "Requests begun.",
                    [](const Stats& s) { return s.started; });
  endpoints.Counter(out, "sfp_requests_total", "Requests completed, succeeded or failed.",
                    [](const Stats& s) { return s.requests(); });
  endpoints.Failures(out);
  endpoints.Counter(out, "sfp_skipped_total", "Tasks not run for want of a value.",
                    [](const Stats& s) { return s.skipped; });
  endpoints.Counter(out, "sfp_dropped_total", "Arrivals that found all users busy.",
                    [](const Stats& s) { return s.dropped; });
  endpoints.Counter(out, "sfp_reconnects_total", "Idle connections found closed and replaced.",
                    [](const Stats& s) { return s.reconnects; });
  endpoints.Counter(out, "sfp_sent_bytes_total", "Bytes of requests.",
                    [](const Stats& s) { return s.bytes_sent; });
  endpoints.Counter(out, "sfp_received_bytes_total", "Bytes of responses.",
                    [](const Stats& s) { return s.bytes_received; });
  endpoints.ResponseTimes(out);
  return out;
}

}  // namespace sfp::web
