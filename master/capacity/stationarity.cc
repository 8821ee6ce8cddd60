#include "master/capacity/stationarity.h"

#include <array>
#include <cmath>
#include <numeric>

namespace sfp::capacity {
namespace {

constexpr std::size_t kBatches = 10;
constexpr std::size_t kHalf = kBatches / 2;
constexpr std::size_t kLeastSeconds = 20;
constexpr double kStudent = 3.36;  // two-sided 1 %, 8 degrees of freedom
constexpr double kLeastChange = 0.1;

using Batches = std::array<double, kBatches>;

// Sums over ten batches of equal length; the first seconds that do not fill a batch are left out.
template <typename T>
Batches SumBatches(std::span<const T> values) {
  Batches out{};
  const std::size_t length = values.size() / kBatches;
  const std::span<const T> used = values.last(length * kBatches);
  for (std::size_t i = 0; i < used.size(); ++i) out[i / length] += static_cast<double>(used[i]);
  return out;
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments Of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  Moments out;
  out.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  for (const double v : values) out.variance += (v - out.mean) * (v - out.mean);
  out.variance /= n - 1;
  return out;
}

std::optional<Drift> Compare(const Batches& batches) {
  const std::span<const double> all(batches);
  const Moments a = Of(all.first(kHalf));
  const Moments b = Of(all.last(kHalf));
  const double change = std::abs(a.mean - b.mean);
  const double noise = kStudent * std::sqrt((a.variance + b.variance) / kHalf);
  if (change <= noise || change <= kLeastChange * (a.mean + b.mean) / 2) return std::nullopt;
  return Drift{a.mean, b.mean};
}

}  // namespace

std::optional<Drift> ThroughputDrift(std::span<const std::uint64_t> per_second) {
  if (per_second.size() < kLeastSeconds) return std::nullopt;
  Batches batches = SumBatches(per_second);
  const auto length = static_cast<double>(per_second.size() / kBatches);
  for (double& batch : batches) batch /= length;
  return Compare(batches);
}

std::optional<Drift> ResponseDrift(std::span<const std::uint64_t> per_second,
                                   std::span<const double> response_sum_s) {
  if (per_second.size() < kLeastSeconds || per_second.size() != response_sum_s.size()) {
    return std::nullopt;
  }
  const Batches counts = SumBatches(per_second);
  Batches means = SumBatches(response_sum_s);
  for (std::size_t i = 0; i < kBatches; ++i) {
    if (counts[i] == 0) return std::nullopt;
    means[i] /= counts[i];
  }
  return Compare(means);
}

}  // namespace sfp::capacity
