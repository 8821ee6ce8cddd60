#include "master/forensics/habits.h"

#include <algorithm>
#include <cmath>

namespace sfp::forensics {
namespace {

constexpr double kShare = 0.6;
constexpr double kWidth = 0.08;
constexpr double kLeastWidthUs = 10'000;
constexpr double kMostWidthUs = 200'000;
// kept_idle is rounded to eight binary digits.
constexpr double kTie = 1.008;

struct Bucket {
  double us;  // its middle
  std::uint64_t count;
};

std::vector<Bucket> BucketsOf(const stats::Histogram& values) {
  std::vector<Bucket> out;
  values.ForEachBucket([&](std::uint32_t index, std::uint64_t count) {
    const auto low = static_cast<double>(stats::Histogram::LowestUs(index));
    const auto width = static_cast<double>(stats::Histogram::WidthUs(index));
    out.push_back({low + width / 2, count});
  });
  return out;
}

Duration FromUs(double us) { return FromSeconds(us * 1e-6); }

double WidthAt(double us) { return std::clamp(us * kWidth, kLeastWidthUs, kMostWidthUs); }

double Median(const std::vector<Bucket>& buckets, std::size_t begin, std::uint64_t count) {
  std::uint64_t seen = 0;
  std::size_t at = begin;
  while ((seen += buckets[at].count) * 2 < count) ++at;
  return buckets[at].us;
}

}  // namespace

std::optional<Cluster> FindCluster(const stats::Histogram& values) {
  if (values.count() < kLeastEvidence) return std::nullopt;
  const std::vector<Bucket> buckets = BucketsOf(values);
  std::size_t best = 0, end = 0;
  std::uint64_t most = 0, within = 0;
  for (std::size_t begin = 0; begin < buckets.size(); ++begin) {
    const double limit = buckets[begin].us + WidthAt(buckets[begin].us);
    while (end < buckets.size() && buckets[end].us <= limit) within += buckets[end++].count;
    if (within > most) {
      most = within;
      best = begin;
    }
    within -= buckets[begin].count;
  }
  if (most < kLeastEvidence ||
      static_cast<double>(most) < kShare * static_cast<double>(values.count())) {
    return std::nullopt;
  }
  return Cluster{FromUs(Median(buckets, best, most)), FromUs(WidthAt(buckets[best].us)), most};
}

Survivors::Survivors(const stats::Histogram& times) {
  std::uint64_t left = times.count();
  for (const Bucket& bucket : BucketsOf(times)) {
    points_.push_back({bucket.us, left});
    left -= bucket.count;
  }
}

std::uint64_t Survivors::AtOrAbove(double us) const {
  const auto found = std::lower_bound(points_.begin(), points_.end(), us,
                                      [](const Point& p, double at) { return p.us < at; });
  return found == points_.end() ? 0 : found->above;
}

double Survivors::ShareAbove(Duration x) const {
  if (points_.empty()) return 0;
  const double us = Seconds(x) * 1e6;
  const auto above = static_cast<double>(AtOrAbove(us * kTie));
  const auto ties = static_cast<double>(AtOrAbove(us / kTie)) - above;
  return (above + ties / 2) / static_cast<double>(points_.front().above);
}

stats::Histogram Suspects(const stats::Histogram& failures, const Survivors& survivors) {
  stats::Histogram out;
  for (const Bucket& bucket : BucketsOf(failures)) {
    const Duration x = FromUs(bucket.us);
    if (!survivors.None(x)) continue;
    for (std::uint64_t i = 0; i < bucket.count; ++i) out.Record(x);
  }
  return out;
}

std::optional<Cluster> FindLimit(const stats::Histogram& failures,
                                 const stats::Histogram& suspects) {
  const double by_chance = Survivors::kRare * static_cast<double>(failures.count());
  const auto found = static_cast<double>(suspects.count());
  if (found <= by_chance + 3 * std::sqrt(by_chance)) return std::nullopt;
  return FindCluster(suspects);
}

}  // namespace sfp::forensics
