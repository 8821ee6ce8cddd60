#include "common/stats/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "common/base/rng.h"

namespace sfp::stats {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Every order of magnitude from 1 us to 24 h equally often.
Duration LogUniform(Rng& rng) {
  const double span = std::log(static_cast<double>(Histogram::kHighestUs));
  return Duration(static_cast<std::int64_t>(std::exp(rng.Uniform() * span) * 1e3));
}

std::vector<Duration> RandomValues(std::uint64_t seed, std::size_t count) {
  Rng rng(seed);
  std::vector<Duration> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(LogUniform(rng));
  return values;
}

Histogram Of(const std::vector<Duration>& values) {
  Histogram out;
  for (const Duration value : values) out.Record(value);
  return out;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Buckets(const Histogram& histogram) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
  histogram.ForEach(
      [&](std::uint64_t low, std::uint64_t, std::uint64_t count) { out.emplace_back(low, count); });
  return out;
}

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_FALSE(histogram.min() || histogram.max() || histogram.mean() || histogram.Quantile(0.5));
  EXPECT_TRUE(Buckets(histogram).empty());
}

// The indexes of HdrHistogram's countsArrayIndex for lowest 1 and 3 digits.
TEST(Histogram, LaysBucketsOutAsHdrHistogramDoes) {
  const struct {
    std::uint64_t us;
    std::uint32_t index;
    std::uint64_t low, width;
  } cases[] = {
      {0, 0, 0, 1},
      {1, 1, 1, 1},
      {1023, 1023, 1023, 1},
      {2047, 2047, 2047, 1},
      {2048, 2048, 2048, 2},
      {2049, 2048, 2048, 2},
      {4095, 3071, 4094, 2},
      {4096, 3072, 4096, 4},
      {1'000'000, 11169, 999'936, 512},
      {86'400'000'000, 27911, 86'369'107'968, 67'108'864},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Histogram::IndexOf(c.us), c.index) << c.us;
    EXPECT_EQ(Histogram::LowestUs(c.index), c.low) << c.us;
    EXPECT_EQ(Histogram::WidthUs(c.index), c.width) << c.us;
  }
}

TEST(Histogram, BucketsFollowEachOtherWithoutGapOrOverlap) {
  for (std::uint32_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
    ASSERT_EQ(Histogram::LowestUs(i) + Histogram::WidthUs(i), Histogram::LowestUs(i + 1)) << i;
    ASSERT_EQ(Histogram::IndexOf(Histogram::LowestUs(i)), i);
    ASSERT_EQ(Histogram::IndexOf(Histogram::LowestUs(i + 1) - 1), i);
  }
}

TEST(Histogram, KeepsCountSumMinimumAndMaximumExactly) {
  const std::vector<Duration> values = RandomValues(1, 20'000);
  const Histogram histogram = Of(values);
  unsigned __int128 sum = 0;
  for (const Duration v : values) sum += static_cast<std::uint64_t>(v.count());
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_TRUE(histogram.sum_ns() == sum);
  EXPECT_EQ(histogram.min(), *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(histogram.max(), *std::max_element(values.begin(), values.end()));
  EXPECT_EQ(histogram.mean()->count(), static_cast<std::int64_t>(sum / values.size()));
}

TEST(Histogram, QuantilesDifferFromASortByLessThanOneThousandth) {
  std::vector<Duration> values = RandomValues(2, 50'000);
  const Histogram histogram = Of(values);
  std::sort(values.begin(), values.end());
  for (int permille = 1; permille <= 1000; ++permille) {
    const double q = permille / 1000.0;
    const std::size_t rank = static_cast<std::size_t>(permille) * values.size() / 1000;
    const double exact = static_cast<double>(values[rank - 1].count());
    const double found = static_cast<double>(histogram.Quantile(q)->count());
    ASSERT_GE(found, exact) << q;
    ASSERT_LT(found - exact, std::max(exact / 1000, 1000.0)) << q;
  }
}

TEST(Histogram, RanksAreNotSpoiledByBinaryFractions) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Record(microseconds(i));
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(histogram.Quantile(i / 100.0)->count() / 1000, i);
  }
}

TEST(Histogram, AQuantileNeverLeavesTheRangeOfWhatWasRecorded) {
  Histogram histogram;
  histogram.Record(Duration(3'000'000'123));
  EXPECT_EQ(histogram.Quantile(0.01), Duration(3'000'000'123));
  EXPECT_EQ(histogram.Quantile(0.5), Duration(3'000'000'123));
  EXPECT_EQ(histogram.Quantile(1), Duration(3'000'000'123));
}

TEST(Histogram, AnySplitMergedInAnyOrderIsTheSameBucketForBucket) {
  const std::vector<Duration> values = RandomValues(3, 20'000);
  const Histogram whole = Of(values);
  for (const std::size_t parts : {1U, 2U, 7U, 31U}) {
    Rng rng(parts);
    std::vector<Histogram> split(parts);
    for (const Duration value : values) split[rng.Below(parts)].Record(value);
    for (std::size_t i = parts; i > 1; --i) std::swap(split[i - 1], split[rng.Below(i)]);
    Histogram merged;
    for (const Histogram& part : split) merged.Merge(part);
    EXPECT_TRUE(merged == whole) << parts;
    EXPECT_EQ(Buckets(merged), Buckets(whole)) << parts;
  }
}

TEST(Histogram, WhatIsLongerThanADayIsCountedNotDropped) {
  Histogram histogram;
  histogram.Record(hours(24));
  EXPECT_EQ(histogram.above_range(), 0U);
  histogram.Record(hours(24) + microseconds(1));
  histogram.Record(hours(2400));
  EXPECT_EQ(histogram.above_range(), 2U);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.max(), hours(2400));
  EXPECT_TRUE(histogram.sum_ns() == 2448ULL * 3600 * 1'000'000'000 + 1000);
  const auto buckets = Buckets(histogram);
  ASSERT_EQ(buckets.size(), 1U);
  EXPECT_EQ(buckets[0].second, 3U);
}

TEST(Histogram, NegativeAndSubMicrosecondValuesFallInTheFirstBucket) {
  Histogram histogram;
  histogram.Record(Duration(-5));
  histogram.Record(Duration(999));
  EXPECT_EQ(Buckets(histogram), (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 2}}));
  EXPECT_EQ(histogram.min(), Duration(0));
  EXPECT_EQ(histogram.max(), Duration(999));
}

TEST(Histogram, ClearedOrMovedFromItIsEmptyAndUsable) {
  Histogram a = Of(RandomValues(4, 100));
  const Histogram copy = a;
  Histogram b = std::move(a);
  EXPECT_TRUE(b == copy);
  EXPECT_TRUE(a == Histogram());  // NOLINT: the state after a move is part of the contract
  a.Record(milliseconds(1));
  EXPECT_EQ(a.count(), 1U);
  b.Clear();
  EXPECT_TRUE(b == Histogram());
  b = copy;
  EXPECT_TRUE(b == copy);
}

TEST(Histogram, DifferingInOneBucketOrOneNanosecondTheyAreUnequal) {
  const std::vector<Duration> values = RandomValues(5, 100);
  const Histogram base = Of(values);
  Histogram other = Of(values);
  other.Record(milliseconds(7));
  EXPECT_FALSE(base == other);
  std::vector<Duration> shifted = values;
  shifted[0] += Duration(1);
  EXPECT_FALSE(base == Of(shifted));
}

}  // namespace
}  // namespace sfp::stats
