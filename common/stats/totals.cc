#include <cstdint>

#include "common/stats/interval.h"

namespace sfp::stats {
namespace {

// SplitMix64's finalizer (see common/base/rng.h), made odd: multiplication by an odd number loses
// no bit.
std::uint64_t OddMix(std::uint64_t place) {
  std::uint64_t z = place + 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return (z ^ (z >> 31)) | 1U;
}

class Digest {
 public:
  // 24 bits of endpoint, 16 of field, 24 of bucket.
  void Add(std::size_t endpoint, std::uint32_t field, std::uint32_t bucket, std::uint64_t number) {
    const std::uint64_t place = static_cast<std::uint64_t>(endpoint) << 40 |
                                static_cast<std::uint64_t>(field) << 24 | bucket;
    value_ += number * OddMix(place);
  }

  void Add(std::size_t endpoint, std::uint32_t field, const Histogram& histogram) {
    if (histogram.count() == 0) return;
    Add(endpoint, field, Histogram::kBuckets, static_cast<std::uint64_t>(histogram.sum_ns()));
    Add(endpoint, field, Histogram::kBuckets + 1, histogram.above_range());
    histogram.ForEachBucket(
        [&](std::uint32_t index, std::uint64_t count) { Add(endpoint, field, index, count); });
  }

  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

void AddEndpoint(Digest& digest, std::size_t at, const EndpointStats& stats) {
  const std::uint64_t counters[] = {
      stats.started,    stats.succeeded,      stats.failed,
      stats.skipped,    stats.dropped,        stats.reconnects,
      stats.bytes_sent, stats.bytes_received, static_cast<std::uint64_t>(stats.failed_sum_ns)};
  std::uint32_t field = 0;
  for (const std::uint64_t counter : counters) digest.Add(at, field++, 0, counter);
  digest.Add(at, field++, stats.response);
  digest.Add(at, field++, stats.intended);
  for (const Histogram& phase : stats.phases) digest.Add(at, field++, phase);
  for (const auto& [code, count] : stats.status) digest.Add(at, field, code, count);
  digest.Add(at, ++field, stats.unanswered);
}

}  // namespace

v1::Totals ComputeTotals(const std::vector<EndpointStats>& endpoints) {
  EndpointStats sum;  // counters only
  Digest digest;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const EndpointStats& each = endpoints[i];
    sum.started += each.started;
    sum.succeeded += each.succeeded;
    sum.failed += each.failed;
    sum.skipped += each.skipped;
    sum.bytes_sent += each.bytes_sent;
    sum.bytes_received += each.bytes_received;
    AddEndpoint(digest, i, each);
  }
  v1::Totals out;
  out.set_started(sum.started);
  out.set_succeeded(sum.succeeded);
  out.set_failed(sum.failed);
  out.set_skipped(sum.skipped);
  out.set_bytes_sent(sum.bytes_sent);
  out.set_bytes_received(sum.bytes_received);
  out.set_digest(digest.value());
  return out;
}

void AddTotals(v1::Totals& sum, const v1::Totals& part) {
  sum.set_started(sum.started() + part.started());
  sum.set_succeeded(sum.succeeded() + part.succeeded());
  sum.set_failed(sum.failed() + part.failed());
  sum.set_skipped(sum.skipped() + part.skipped());
  sum.set_bytes_sent(sum.bytes_sent() + part.bytes_sent());
  sum.set_bytes_received(sum.bytes_received() + part.bytes_received());
  sum.set_digest(sum.digest() + part.digest());
}

bool SameTotals(const v1::Totals& a, const v1::Totals& b) {
  return a.started() == b.started() && a.succeeded() == b.succeeded() && a.failed() == b.failed() &&
         a.skipped() == b.skipped() && a.bytes_sent() == b.bytes_sent() &&
         a.bytes_received() == b.bytes_received() && a.digest() == b.digest();
}

}  // namespace sfp::stats
