#pragma once

// A latency histogram in HdrHistogram's layout: 1 us to 24 h, 3 significant digits, beside exact count,
// sum, minimum and maximum. Recording costs a few ns and no allocation once a range was touched; merging
// is integer addition, so merged histograms equal, bucket for bucket, what one process would have recorded.
//
// Values are given in ns and bucketed in whole us (rounded down; below 1 us is bucket 0). Values above 24 h
// are counted in the last bucket and in above_range(). Blocks of buckets are allocated when first touched.
//
// Layout (Tene, HdrHistogram): sub-buckets 2048, half 1024; for a value v in us with b = max(0,
// floor(log2 v) - 10): index = (b + 1) × 1024 + (v >> b) - 1024. Values of one bucket differ by < 1/1000.
//
// Thread: confined to its owner.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "common/base/status.h"
#include "common/base/time.h"
#include "sfp/v1/stats.pb.h"

namespace sfp::stats {

class Histogram {
 public:
  static constexpr std::uint64_t kHighestUs = 24ULL * 3600 * 1'000'000;
  static constexpr std::uint32_t kSubBuckets = 2048;
  static constexpr std::uint32_t kBlock = kSubBuckets / 2;       // buckets of one power of two
  static constexpr std::uint32_t kBlocks = 28;                   // covers kHighestUs
  static constexpr std::uint32_t kBuckets = kBlocks * kBlock;

  Histogram() = default;
  Histogram(Histogram&&) noexcept = default;
  Histogram& operator=(Histogram&&) noexcept = default;
  Histogram(const Histogram&);
  Histogram& operator=(const Histogram&);

  void Record(Duration value);
  void Merge(const Histogram& other);
  // Empty again; keeps its memory.
  void Clear();

  std::uint64_t count() const { return count_; }
  std::uint64_t above_range() const { return above_range_; }
  unsigned __int128 sum_ns() const { return sum_ns_; }
  // All empty when nothing was recorded.
  std::optional<Duration> min() const;
  std::optional<Duration> max() const;
  std::optional<Duration> mean() const;
  // The highest value equivalent to the bucket in which the q-th of the recorded values lies, 0 < q <= 1
  // (HdrHistogram's getValueAtPercentile), never above max().
  std::optional<Duration> Quantile(double q) const;

  // Non-empty buckets in order: lowest value of the bucket in us, its width in us, its count.
  void ForEach(const std::function<void(std::uint64_t low_us, std::uint64_t width_us,
                                        std::uint64_t count)>& visit) const;

  friend bool operator==(const Histogram& a, const Histogram& b);

  // The codec (sparse; see proto/sfp/v1/stats.proto). FromProto refuses what no Histogram can have written:
  // wrong totals, buckets out of range, trailing bytes.
  void ToProto(v1::Histogram& out) const;
  static StatusOr<Histogram> FromProto(const v1::Histogram& in);

 private:
  using Block = std::array<std::uint64_t, kBlock>;
  std::uint64_t count_ = 0;
  std::uint64_t above_range_ = 0;
  unsigned __int128 sum_ns_ = 0;
  std::uint64_t min_ns_ = ~0ULL;
  std::uint64_t max_ns_ = 0;
  std::array<std::unique_ptr<Block>, kBlocks> blocks_;
};

}  // namespace sfp::stats
