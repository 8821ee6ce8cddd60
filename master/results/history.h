#pragma once

// The whole run in a bounded number of slots, for charts: per endpoint and over all, how many
// requests ended and failed in a slot, and how their response times are spread over coarse buckets.
//
// A slot covers step_s() seconds, at first one. When a run has more than kMostSlots of them, each
// two become one and the step doubles, so a run of any length has between kMostSlots / 2 and
// kMostSlots.
//
// Coarse buckets: eight to each power of two of microseconds, so a bucket is 1/8 to 1/16 of its
// values wide. They are sums over whole buckets of stats::Histogram, except that a bucket of it
// that lies across two counts in the lower one.
//
//   BucketOf(us) = us                                       below 8 us
//                = (e - 2) × 8 + next three bits below e    for the highest bit e
//
// Fed by Results. Thread: confined to the master's loop.

#include <bit>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "common/stats/interval.h"

namespace sfp::results {

struct Bucket {
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  friend bool operator==(const Bucket&, const Bucket&) = default;
};

struct Slot {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::vector<Bucket> buckets;  // of response times, in order, none empty

  void Merge(const Slot& other);
  // In ms, within the bucket by straight line; absent without requests.
  std::optional<double> QuantileMs(double q) const;
};

class History {
 public:
  static constexpr std::size_t kMostSlots = 1200;
  static constexpr std::size_t kMostEndpoints = 200;  // those behind count in the total only

  static constexpr std::uint32_t BucketOf(std::uint64_t us) {
    if (us < 8) return static_cast<std::uint32_t>(us);
    const auto e = static_cast<std::uint32_t>(std::bit_width(us)) - 1;
    return (e - 2) * 8 + static_cast<std::uint32_t>(us >> (e - 3) & 7);
  }
  static constexpr std::uint64_t LowestUs(std::uint32_t bucket) {
    return bucket < 8 ? bucket : std::uint64_t{8 + bucket % 8} << (bucket / 8 - 1);
  }

  // This endpoint is no part of the total.
  void SetApart(std::size_t endpoint) { apart_.insert(endpoint); }
  void Add(const stats::Interval& interval);

  std::uint32_t step_s() const { return step_s_; }
  std::span<const Slot> total() const { return total_; }
  // Empty for an endpoint that has none of its own. The slots that it has not reached are missing.
  std::span<const Slot> endpoint(std::size_t id) const;

 private:
  static void Halve(std::vector<Slot>& slots);
  Slot& At(std::vector<Slot>& slots, std::uint32_t second) const;

  std::uint32_t step_s_ = 1;
  std::vector<Slot> total_;
  std::vector<std::vector<Slot>> endpoints_;
  std::set<std::size_t> apart_;
};

}  // namespace sfp::results
