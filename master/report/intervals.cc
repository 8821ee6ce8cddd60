#include "master/report/intervals.h"

#include <algorithm>
#include <vector>

#include "master/capacity/batch_means.h"
#include "master/report/latencies.h"

namespace sfp::report {
namespace {

using capacity::RatioBatch;

Interval95 Of(const std::optional<capacity::Estimate>& estimate, double unit) {
  if (!estimate) return std::nullopt;
  return std::array{std::max(0.0, estimate->low()) * unit, estimate->high() * unit};
}

// The interval of the proportion above p95, taken back through the distribution.
Interval95 OfP95(const std::vector<results::Batch>& batches, const stats::Histogram& response) {
  const auto p95 = response.Quantile(0.95);
  if (!p95) return std::nullopt;
  std::vector<RatioBatch> above;
  for (const results::Batch& batch : batches) {
    above.push_back({batch.Above(*p95), static_cast<double>(batch.requests())});
  }
  const auto proportion = capacity::RatioOf(above);
  if (!proportion || proportion->half_width >= 0.05) return std::nullopt;
  return std::array{*QuantileMs(response, 0.95 - proportion->half_width),
                    *QuantileMs(response, 0.95 + proportion->half_width)};
}

}  // namespace

Intervals IntervalsOf(const results::Batches& batches, std::uint32_t end_s,
                      const stats::Histogram& response) {
  if (response.count() == 0) return {};
  const std::vector<results::Batch> whole = batches.Whole(end_s);
  std::vector<RatioBatch> rate, mean;
  for (const results::Batch& batch : whole) {
    const auto requests = static_cast<double>(batch.requests());
    rate.push_back({requests, static_cast<double>(batches.length_s())});
    mean.push_back({batch.response_sum_s(), requests});
  }
  Intervals out;
  out.rps = Of(capacity::RatioOf(rate), 1);
  out.avg_ms = Of(capacity::RatioOf(mean), 1000);
  out.p95_ms = OfP95(whole, response);
  return out;
}

}  // namespace sfp::report
