#pragma once

// A latency histogram in HdrHistogram's layout: 1 us to 24 h, 3 significant digits, beside exact
// count, sum, minimum and maximum. Recording costs a few ns and no allocation once a range was
// touched; merging is integer addition, so merged histograms equal, bucket for bucket, what one
// process would have recorded.
//
// Values are given in ns and bucketed in whole us (rounded down; below 1 us is bucket 0; a negative
// value counts as 0). Values above 24 h are counted in the bucket of 24 h and in above_range(); sum
// and maximum have them as they are. Blocks of 1024 buckets are allocated when first touched.
//
// Layout (G. Tene's HdrHistogram with lowest discernible value 1 and 3 digits: 2048 sub-buckets):
// for v in us let b = max(0, floor(log2 v) - 10), with b = 0 for v = 0. Then
//
//   index = (b + 1) × 1024 + (v >> b) - 1024
//
// Values 0..2047 have a bucket each (blocks 0 and 1, b = 0); behind them every power of two has one
// block of 1024 buckets, each 2^b us wide. So what shares a bucket differs by less than 1 us or by
// less than 1/1000 of the value, whichever is more.
//
// Thread: confined to its owner.

#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "sfp/v1/stats.pb.h"

namespace sfp::stats {

class Histogram {
 public:
  static constexpr std::uint64_t kHighestUs = 24ULL * 3600 * 1'000'000;
  static constexpr std::uint32_t kSubBuckets = 2048;
  static constexpr std::uint32_t kBlock = kSubBuckets / 2;  // buckets of one power of two
  static constexpr std::uint32_t kBlocks = 28;              // covers kHighestUs
  static constexpr std::uint32_t kBuckets = kBlocks * kBlock;

  // The layout above. LowestUs(index) is the inverse: the smallest value of the bucket.
  static constexpr std::uint32_t IndexOf(std::uint64_t us) {
    const std::uint32_t b =
        us < kSubBuckets ? 0U : static_cast<std::uint32_t>(std::bit_width(us)) - 11U;
    return b * kBlock + static_cast<std::uint32_t>(us >> b);
  }
  static constexpr std::uint32_t ShiftOf(std::uint32_t index) {
    return index < kSubBuckets ? 0U : index / kBlock - 1U;
  }
  static constexpr std::uint64_t LowestUs(std::uint32_t index) {
    const std::uint32_t b = ShiftOf(index);
    return static_cast<std::uint64_t>(index - b * kBlock) << b;
  }
  static constexpr std::uint64_t WidthUs(std::uint32_t index) { return 1ULL << ShiftOf(index); }

  Histogram() = default;
  Histogram(Histogram&& other) noexcept;
  Histogram& operator=(Histogram&& other) noexcept;
  Histogram(const Histogram& other);
  Histogram& operator=(const Histogram& other);

  void Record(Duration value) {
    const std::uint64_t ns = value.count() < 0 ? 0 : static_cast<std::uint64_t>(value.count());
    std::uint64_t us = ns / 1000;
    if (us > kHighestUs) [[unlikely]] {
      us = kHighestUs;
      ++above_range_;
    }
    const std::uint32_t index = IndexOf(us);
    std::unique_ptr<Block>& block = blocks_[index / kBlock];
    if (!block) [[unlikely]]
      AddBlock(block);
    ++(*block)[index % kBlock];
    ++count_;
    sum_ns_ += ns;
    if (ns < min_ns_) min_ns_ = ns;
    if (ns > max_ns_) max_ns_ = ns;
  }
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
  // The highest value equivalent to the bucket in which the q-th of the recorded values lies, 0 < q
  // <= 1 (HdrHistogram's getValueAtPercentile), never above max(). For q = 1 it is max().
  std::optional<Duration> Quantile(double q) const;

  // Non-empty buckets in order: lowest value of the bucket in us, its width in us, its count.
  void ForEach(const std::function<void(std::uint64_t low_us, std::uint64_t width_us,
                                        std::uint64_t count)>& visit) const;
  // The same by index, inlined.
  template <typename Visit>
  void ForEachBucket(Visit visit) const {
    for (const Cell& cell : cells_) visit(cell.index, cell.count);
    if (!cells_.empty()) return;
    for (std::uint32_t b = 0; b < kBlocks; ++b) {
      if (!blocks_[b]) continue;
      for (std::uint32_t i = 0; i < kBlock; ++i) {
        if (const std::uint64_t n = (*blocks_[b])[i]; n != 0) visit(b * kBlock + i, n);
      }
    }
  }

  friend bool operator==(const Histogram& a, const Histogram& b);

  // The codec (sparse; see proto/sfp/v1/stats.proto). FromProto refuses what no Histogram can have
  // written: wrong totals, buckets out of range, trailing bytes. The wire's sum has 64 bits: enough
  // for 1.4e8 requests of 120 s in one interval; more is a broken invariant.
  void ToProto(v1::Histogram& out) const;
  static StatusOr<Histogram> FromProto(const v1::Histogram& in);
  // The bucket counts alone, as HdrHistogram's V2 encoding has them.
  void AppendCounts(std::string& out) const;
  // The same into one that is empty; after an error its content is undefined.
  Status Decode(const v1::Histogram& in);

 private:
  using Block = std::array<std::uint64_t, kBlock>;
  struct Cell {
    std::uint32_t index;
    std::uint64_t count;
  };
  void Add(std::uint32_t index, std::uint64_t count);
  void AddBlock(std::unique_ptr<Block>& block);
  void Unpack();

  std::uint64_t count_ = 0;
  std::uint64_t above_range_ = 0;
  unsigned __int128 sum_ns_ = 0;
  std::uint64_t min_ns_ = ~0ULL;
  std::uint64_t max_ns_ = 0;
  std::array<std::unique_ptr<Block>, kBlocks> blocks_;
  // As it was decoded: the non-empty buckets in order, and no block. A master merges thousands of
  // histograms a second that have some tens of values each. Whatever is recorded in or merged into
  // has blocks.
  std::vector<Cell> cells_;
};

}  // namespace sfp::stats
