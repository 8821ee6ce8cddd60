#include "master/results/history.h"

#include <gtest/gtest.h>

namespace sfp::results {
namespace {

stats::Interval Second(std::uint32_t index, std::vector<std::vector<double>> response_ms,
                       std::uint64_t failed = 0) {
  stats::Interval interval;
  interval.index = index;
  for (const auto& values : response_ms) {
    stats::EndpointStats& stats = interval.endpoints.emplace_back();
    for (const double ms : values) stats.response.Record(FromSeconds(ms / 1000));
    stats.succeeded = values.size() - std::min<std::uint64_t>(failed, values.size());
    stats.failed = values.size() - stats.succeeded;
  }
  return interval;
}

TEST(History, BucketsCoverAllValuesInOrderWithoutGaps) {
  for (std::uint32_t bucket = 0; bucket < 296; ++bucket) {
    const std::uint64_t low = History::LowestUs(bucket);
    EXPECT_EQ(History::BucketOf(low), bucket);
    EXPECT_EQ(History::BucketOf(History::LowestUs(bucket + 1) - 1), bucket);
    if (bucket < 8) continue;
    EXPECT_LE((History::LowestUs(bucket + 1) - low) * 8, low);
  }
  EXPECT_LT(History::BucketOf(stats::Histogram::kHighestUs), 296u);
}

TEST(History, AddsUpWorkersOfOneSecondPerEndpointAndOverAll) {
  History history;
  history.Add(Second(3, {{1, 1, 5}, {}}, 1));
  history.Add(Second(3, {{1}, {100}}));
  ASSERT_EQ(history.total().size(), 4u);
  EXPECT_EQ(history.total()[2].requests, 0u);
  EXPECT_EQ(history.total()[3].requests, 5u);
  EXPECT_EQ(history.total()[3].failures, 1u);
  EXPECT_EQ(history.endpoint(0)[3].requests, 4u);
  EXPECT_EQ(history.endpoint(1)[3].requests, 1u);
  EXPECT_EQ(history.endpoint(0)[3].buckets,
            (std::vector<Bucket>{{History::BucketOf(1000), 3}, {History::BucketOf(5000), 1}}));
  EXPECT_TRUE(history.endpoint(2).empty());
}

TEST(History, QuantilesAreWithinABucketOfTheExactOnes) {
  History history;
  std::vector<double> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(i);
  history.Add(Second(0, {values}));
  for (const double q : {0.01, 0.5, 0.95, 0.99, 1.0}) {
    EXPECT_NEAR(*history.total()[0].QuantileMs(q), q * 1000, q * 1000 / 8) << q;
  }
  EXPECT_FALSE(Slot().QuantileMs(0.5));
}

TEST(History, HalvesItsSlotsAndLosesNothingWhenTheRunGetsLong) {
  History history;
  const std::uint32_t seconds = 10'000;
  for (std::uint32_t s = 0; s < seconds; ++s) history.Add(Second(s, {{1}, {2, 2}}));
  EXPECT_EQ(history.step_s(), 16u);
  EXPECT_EQ(history.total().size(), seconds / 16);
  std::uint64_t requests = 0;
  for (const Slot& slot : history.total()) requests += slot.requests;
  EXPECT_EQ(requests, 3 * seconds);
  for (const Slot& slot : history.endpoint(1)) EXPECT_EQ(slot.requests, 32u);
}

TEST(History, TakesWhatComesLate) {
  History history;
  for (std::uint32_t s = 0; s < 1500; ++s) history.Add(Second(s, {{1}}));
  history.Add(Second(7, {{1, 1}}));
  EXPECT_EQ(history.step_s(), 2u);
  EXPECT_EQ(history.total()[3].requests, 4u);
}

}  // namespace
}  // namespace sfp::results
