#include "common/plan/arrivals.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "common/base/check.h"
#include "common/base/rng.h"

namespace sfp::plan {
namespace {

constexpr double kUnit = 1 << 30;  // of a rate
constexpr double kMostRate = 1e7;
constexpr std::int64_t kLatest = std::int64_t{1} << 60;  // ns

Position FloorDiv(Position a, Position b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// floor(slope × ns² / span) for ns <= span <= 2^61, |slope| <= 2^54, which needs more than 128 bits
// if it is multiplied out.
Position Quadratic(std::int64_t slope, std::int64_t ns, std::int64_t span) {
  const Position product = Position(slope) * ns;
  const Position whole = FloorDiv(product, span);
  return whole * ns + (product - whole * span) * ns / span;
}

// How many arrivals a bucket has, by inversion of the distribution function.
std::size_t PoissonOfOne(double uniform, std::size_t most) {
  double probability = std::exp(-1.0);
  double below = probability;
  std::size_t n = 0;
  while (uniform >= below && n < most) {
    probability /= static_cast<double>(++n);
    below += probability;
  }
  return n;
}

}  // namespace

StatusOr<RateLine> RateLine::Create(const v1::Arrivals& proto) {
  RateLine line;
  for (const v1::Arrivals::Point& point : proto.points()) {
    const std::int64_t earliest = line.segments_.empty() ? 0 : line.segments_.back().t_ns;
    if (point.t_ns() < earliest || point.t_ns() > kLatest) {
      return Invalid(absl::StrFormat("plan: a rate at %d ns is out of order", point.t_ns()));
    }
    if (!(point.rate() >= 0 && point.rate() <= kMostRate)) {
      return Invalid(absl::StrFormat("plan: a rate of %g/s", point.rate()));
    }
    const std::int64_t rate = std::llround(point.rate() * kUnit);
    line.segments_.push_back({point.t_ns(), rate, 0});
    if (const std::size_t i = line.segments_.size() - 1; i > 0) {
      const Segment& last = line.segments_[i - 1];
      line.segments_[i].before = last.before + line.Within(i - 1, point.t_ns() - last.t_ns);
    }
  }
  if (line.segments_.empty()) return Invalid("plan: arrivals without a rate");
  return line;
}

Position RateLine::Within(std::size_t i, std::int64_t ns) const {
  const Position even = Position(segments_[i].rate) * ns;
  if (i + 1 == segments_.size() || segments_[i + 1].rate == segments_[i].rate || ns == 0) {
    return even;
  }
  return even + Quadratic(segments_[i + 1].rate - segments_[i].rate, ns,
                          2 * (segments_[i + 1].t_ns - segments_[i].t_ns));
}

Position RateLine::By(Duration t) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), t.count(),
      [](std::int64_t t_ns, const Segment& segment) { return t_ns < segment.t_ns; });
  if (after == segments_.begin()) return 0;
  const auto i = static_cast<std::size_t>(after - segments_.begin()) - 1;
  return segments_[i].before + Within(i, t.count() - segments_[i].t_ns);
}

std::optional<Duration> RateLine::MomentOf(Position position) const {
  SFP_CHECK(position >= 0);
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), position,
      [](Position value, const Segment& segment) { return value < segment.before; });
  const auto i = static_cast<std::size_t>(after - segments_.begin()) - 1;
  const Segment& from = segments_[i];
  const Position rest = position - from.before;
  if (i + 1 == segments_.size() || segments_[i + 1].rate == from.rate) {
    if (from.rate == 0) return std::nullopt;  // only the last one can be level and at 0 here
    const Position ns = rest / from.rate;
    if (ns > kLatest) return std::nullopt;
    return Duration(from.t_ns + static_cast<std::int64_t>(ns));
  }
  // A ramp: the root in floating point, then the integers around it.
  const std::int64_t span = segments_[i + 1].t_ns - from.t_ns;
  const auto rate = static_cast<long double>(from.rate);
  const auto wanted = static_cast<long double>(rest);
  const long double slope = static_cast<long double>(segments_[i + 1].rate - from.rate) / span;
  const long double root = std::sqrt(std::max(0.0L, rate * rate + 2 * slope * wanted));
  const long double guess = rate + root > 0 ? 2 * wanted / (rate + root) : 0;
  std::int64_t low = std::clamp(static_cast<std::int64_t>(guess), std::int64_t{0}, span);
  std::int64_t high = low + 1;
  for (std::int64_t step = 1; low > 0 && Within(i, low) > rest; step *= 2) {
    high = low;
    low = std::max<std::int64_t>(0, low - step);
  }
  for (std::int64_t step = 1; high < span && Within(i, high) <= rest; step *= 2) {
    low = high;
    high = std::min(span, high + step);
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (Within(i, middle) <= rest ? low : high) = middle;
  }
  return Duration(from.t_ns + low);
}

ArrivalSequence::ArrivalSequence(bool poisson, std::uint64_t seed)
    : poisson_(poisson), seed_(seed) {
  if (poisson_) Load(0, 0);
}

void ArrivalSequence::Load(std::uint64_t bucket, std::uint64_t first) {
  for (;; ++bucket) {
    Rng rng(seed_, kBucketStreams + bucket, 0);
    count_ = PoissonOfOne(rng.Uniform(), kMostInBucket);
    if (count_ == 0) continue;
    for (std::size_t i = 0; i < count_; ++i) {
      places_[i] = static_cast<std::int64_t>(rng.Below(kOneArrival));
    }
    std::sort(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(count_));
    break;
  }
  bucket_ = bucket;
  index_ = 0;
  number_ = first;
}

Position ArrivalSequence::position() const {
  if (!poisson_) return Position(number_) * kOneArrival;
  return Position(bucket_) * kOneArrival + places_[index_];
}

std::size_t ArrivalSequence::CountIn(std::uint64_t bucket) const {
  return PoissonOfOne(Rng(seed_, kBucketStreams + bucket, 0).Uniform(), kMostInBucket);
}

void ArrivalSequence::SkipTo(std::uint64_t number) {
  SFP_CHECK(number >= number_);
  if (!poisson_) {
    number_ = number;
    return;
  }
  std::uint64_t bucket = bucket_;
  std::uint64_t begin = first();
  for (std::size_t count = count_; begin + count <= number; count = CountIn(++bucket)) {
    begin += count;
  }
  if (bucket != bucket_) Load(bucket, begin);
  index_ = static_cast<std::size_t>(number - begin);
  number_ = number;
}

void ArrivalSequence::Seek(Position position) {
  if (position <= this->position()) return;
  if (!poisson_) {
    number_ = static_cast<std::uint64_t>((position + kOneArrival - 1) / kOneArrival);
    return;
  }
  std::uint64_t bucket = bucket_;
  std::uint64_t begin = first();
  for (; Position(bucket + 1) * kOneArrival <= position; ++bucket) begin += CountIn(bucket);
  if (bucket != bucket_) Load(bucket, begin);
  while (this->position() < position) SkipTo(number_ + 1);
}

}  // namespace sfp::plan
