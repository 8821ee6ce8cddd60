#pragma once

// What came in stretches of equal length, in bounded memory: the batches from whose scatter the
// report's 95 % intervals follow. At most kMost of them; when a second lies beyond the last, two
// neighbours become one and the stretches are twice as long. So a batch is 1, 2, 4 … seconds, and a
// run of a day takes as much memory as one of a minute.
//
// Response times are kept in coarse buckets: 8 us below 2 ms, above it 32 for each power of two, so
// that what shares one differs by 3 % at most. They serve to count how many requests of a batch
// were above a value; the values themselves come from the full histograms.
//
// Everything is a sum: the order in which seconds and workers come does not matter.
//
// Thread: confined to the master's loop.

#include <cstdint>
#include <vector>

#include "common/stats/histogram.h"
#include "common/stats/interval.h"

namespace sfp::results {

class Batch {
 public:
  void Add(const stats::EndpointStats& stats);
  void Add(const Batch& other);

  std::uint64_t requests() const { return requests_; }
  std::uint64_t failures() const { return failures_; }
  double response_sum_s() const { return response_sum_s_; }
  // How many of its response times are above this one, to a part of a coarse bucket.
  double Above(Duration value) const;

 private:
  std::uint32_t& CountOf(std::uint32_t bucket);

  std::uint64_t requests_ = 0;
  std::uint64_t failures_ = 0;
  double response_sum_s_ = 0;
  std::uint32_t first_ = 0;            // the bucket of counts_[0]
  std::vector<std::uint32_t> counts_;  // of coarse buckets
};

class Batches {
 public:
  static constexpr std::size_t kMost = 64;

  explicit Batches(std::uint32_t begin_s = 0) : begin_s_(begin_s) {}

  // What came in a second; seconds before begin_s are not ours.
  void Add(std::uint32_t second, const stats::EndpointStats& stats);
  // The same seconds of another endpoint, or others.
  void Add(const Batches& other);

  std::uint32_t length_s() const { return length_s_; }
  // Those which the seconds [begin_s, end_s) fill wholly, in order; without a request too.
  std::vector<Batch> Whole(std::uint32_t end_s) const;

 private:
  Batch& At(std::uint32_t second);
  void Double();

  std::uint32_t begin_s_;
  std::uint32_t length_s_ = 1;
  std::vector<Batch> batches_;
};

}  // namespace sfp::results
