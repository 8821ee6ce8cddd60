#pragma once

// The open model: when task iterations begin, whoever is free to do them. A(t), the integral of the
// rate, says how many arrivals are due by t. The stretch of time in which A goes from j to j + 1 is
// bucket j.
//
//   constant   one arrival in each bucket, at its begin: 200/s give one each 5 ms, 6000 in 30 s
//   Poisson    N ~ Poisson(1) of them, at places that are even over the bucket; both are drawn from
//              Rng(seed, bucket). Counts of disjoint stretches are independent and Poisson, so this
//              is exactly the process of that rate, and a function of the seed alone
//
// Arrivals are numbered in order. Number n belongs to whoever runs user n mod most_users, so each
// thread has them in proportion to its users, and any number of workers has the same ones.
//
// Rates are taken to the nearest 2^-30 per second; from there on arithmetic is in integers: a
// position (a value of A) is a count of 2^-30 × 10^-9 arrivals.
//
// Thread: RateLine is immutable, ArrivalSequence a value confined to its owner.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "sfp/v1/plan.pb.h"

namespace sfp::plan {

using Position = __int128;
inline constexpr std::int64_t kOneArrival = (std::int64_t{1} << 30) * 1'000'000'000;

// Users' random streams are Rng(seed, user, iteration) with users far below these.
inline constexpr std::uint64_t kBucketStreams = std::uint64_t{1} << 62;   // + bucket
inline constexpr std::uint64_t kArrivalStreams = std::uint64_t{1} << 63;  // + arrival's number

class RateLine {
 public:
  // Refuses points out of order or before the start, negative rates or such above 10^7/s.
  static StatusOr<RateLine> Create(const v1::Arrivals& proto);

  // A(t), rounded down.
  Position By(Duration t) const;
  // The last moment at which no more than `position` has come: an arrival there is due then.
  // Nothing if the rate stays 0 from there on. Inverse of By: the arrivals due by t are those at
  // positions below By(t + 1 ns).
  std::optional<Duration> MomentOf(Position position) const;

 private:
  // From here to the next one the rate is a straight line; the last one goes on for ever.
  struct Segment {
    std::int64_t t_ns;
    std::int64_t rate;  // 2^-30 per s
    Position before;    // A at its begin
  };
  Position Within(std::size_t segment, std::int64_t ns) const;

  std::vector<Segment> segments_;
};

// All arrivals of the cluster in order: stands at one of them and moves on.
class ArrivalSequence {
 public:
  ArrivalSequence(bool poisson, std::uint64_t seed);

  std::uint64_t number() const { return number_; }
  Position position() const;
  // To a later number. Poisson: some 30 ns for each bucket on the way.
  void SkipTo(std::uint64_t number);
  // To the first arrival at or behind `position`, if that is later.
  void Seek(Position position);

 private:
  static constexpr std::size_t kMostInBucket = 20;  // the chance of more is below 10^-20

  std::uint64_t first() const { return number_ - index_; }  // of the bucket
  std::size_t CountIn(std::uint64_t bucket) const;
  void Load(std::uint64_t bucket, std::uint64_t first);  // or the first one after it that has any

  bool poisson_;
  std::uint64_t seed_;
  std::uint64_t number_ = 0;
  // Poisson only: the bucket it stands in, its arrivals in order.
  std::uint64_t bucket_ = 0;
  std::size_t index_ = 0;
  std::size_t count_ = 0;
  std::array<std::int64_t, kMostInBucket> places_{};
};

}  // namespace sfp::plan
