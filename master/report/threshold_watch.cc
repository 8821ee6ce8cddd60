#include "master/report/threshold_watch.h"

#include <absl/strings/str_format.h>

#include <utility>

#include "common/base/log.h"
#include "common/base/units.h"
#include "master/report/latencies.h"
#include "master/report/thresholds.h"

namespace sfp::report {
namespace {

std::optional<std::size_t> IndexOf(const results::Results& results,
                                   const config::Threshold& threshold) {
  for (int i = 0; i < results.run().endpoints_size(); ++i) {
    const v1::EndpointName& endpoint = results.run().endpoints(i);
    if (config::IsAbout(threshold, endpoint.name(), endpoint.method())) {
      return static_cast<std::size_t>(i);
    }
  }
  return std::nullopt;
}

std::uint64_t InFlight(const stats::EndpointStats& stats) {
  return stats.started - std::min(stats.started, stats.requests());
}

}  // namespace

ThresholdWatch::ThresholdWatch(std::vector<config::Threshold> thresholds) {
  for (config::Threshold& threshold : thresholds) {
    if (!config::OfTheFit(threshold)) watched_.push_back({std::move(threshold), std::nullopt});
  }
}

Number ThresholdWatch::ValueOf(const config::Threshold& threshold,
                               const results::Results& results) const {
  std::optional<std::size_t> endpoint;
  if (!threshold.endpoint.empty()) {
    endpoint = IndexOf(results, threshold);
    if (!endpoint) return std::nullopt;
  }
  if (threshold.unit == config::Unit::kNumber) {
    const stats::EndpointStats all = endpoint ? results.endpoints()[*endpoint] : results.Total();
    Endpoint figures = EndpointOf(all, "", "", Seconds(results.duration()));
    figures.in_flight = InFlight(all);
    return MetricOf(figures, threshold.metric);
  }
  std::uint32_t seconds = 0;
  const stats::EndpointStats recent = results.RecentStats(endpoint, seconds);
  return MetricOf(EndpointOf(recent, "", "", seconds), threshold.metric);
}

std::optional<ThresholdWatch::Broken> ThresholdWatch::Look(const results::Results& results) {
  std::optional<Broken> first;
  const auto second = results.complete_second();
  if (!second) return first;
  for (Watched& watched : watched_) {
    const config::Threshold& threshold = watched.threshold;
    auto& since = watched.broken_since;
    const Number value = ValueOf(threshold, results);
    if (value && config::Holds(threshold, *value)) {
      if (since) LogInfo("threshold " + threshold.text + " holds again");
      since.reset();
    } else if (value && !since) {
      since = *second;
      LogWarn("threshold " + threshold.text + " is broken: " + Sentence(threshold, value));
    }
    if (!since || !threshold.abort || first) continue;
    const auto broken_for = std::chrono::seconds(*second - *since);
    if (broken_for < threshold.patience) continue;
    first = {threshold.text,
             absl::StrFormat("threshold %s was broken for %s", threshold.text,
                             HumanDuration(std::chrono::duration_cast<Duration>(broken_for)))};
    if (value) first->why += " (" + Sentence(threshold, value) + ")";
  }
  return first;
}

}  // namespace sfp::report
