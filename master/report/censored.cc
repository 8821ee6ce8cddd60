#include "master/report/censored.h"

#include <algorithm>
#include <vector>

#include "master/capacity/survival.h"
#include "master/report/latencies.h"

namespace sfp::report {
namespace {

using capacity::ValueCount;

// In ms; an answer counts with the highest value of its bucket, an age with the lowest.
std::vector<ValueCount> ValuesOf(const stats::Histogram& histogram, bool highest) {
  std::vector<ValueCount> out;
  const double max_ms = histogram.max() ? Millis(*histogram.max()) : 0;
  histogram.ForEach([&](std::uint64_t low_us, std::uint64_t width_us, std::uint64_t count) {
    const double us = static_cast<double>(highest ? low_us + width_us : low_us);
    out.push_back({std::min(us * 1e-3, max_ms), count});
  });
  return out;
}

Latencies Correct(const stats::Histogram& response, std::vector<ValueCount> cut,
                  std::uint64_t known) {
  Latencies out = LatenciesOf(response);
  Censored censored;
  for (const ValueCount& each : cut) censored.requests += each.count;
  censored.of_known_age = known;
  const capacity::SurvivalCurve curve(ValuesOf(response, true), cut);
  for (const Percentile& percentile : Percentiles()) {
    Number& value = out.*percentile.field;
    const auto corrected = curve.Quantile(percentile.q);
    if (!corrected) {
      value.reset();
      if (const auto bound = curve.AtLeast(percentile.q))
        censored.at_least[percentile.key] = *bound;
    } else if (known > 0) {
      value = *corrected;
    }
  }
  out.censored = std::move(censored);
  return out;
}

}  // namespace

Latencies ResponseTimes(const stats::EndpointStats& stats) {
  const std::uint64_t in_flight = stats.started - std::min(stats.started, stats.requests());
  if (in_flight == 0) return LatenciesOf(stats.response);
  std::vector<ValueCount> cut = ValuesOf(stats.unanswered, false);
  const std::uint64_t known = std::min(stats.unanswered.count(), in_flight);
  if (in_flight > known) cut.insert(cut.begin(), {0, in_flight - known});
  return Correct(stats.response, std::move(cut), known);
}

Latencies ResponseTimesOfLevel(const stats::EndpointStats& stats, std::uint64_t in_flight,
                               double window_s) {
  if (in_flight <= stats.started || window_s <= 0) return LatenciesOf(stats.response);
  const std::uint64_t older = in_flight - stats.started;
  return Correct(stats.response, {{window_s * 1000, older}}, older);
}

}  // namespace sfp::report
