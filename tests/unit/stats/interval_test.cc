#include "common/stats/interval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/rng.h"

namespace sfp::stats {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

EndpointStats Random(Rng& rng) {
  EndpointStats out;
  out.succeeded = rng.Below(50);
  out.failed = rng.Below(5);
  out.started = out.requests() + rng.Below(3);
  out.skipped = rng.Below(2);
  out.bytes_sent = rng.Below(10'000);
  out.bytes_received = rng.Below(100'000);
  for (std::uint64_t i = 0; i < out.requests(); ++i) {
    const Duration value = FromSeconds(rng.Exponential(0.2));
    out.response.Record(value);
    out.phases[static_cast<std::size_t>(Phase::kFirstByte)].Record(value / 2);
  }
  out.status[200] = out.succeeded;
  for (std::uint64_t i = 0; i < out.failed; ++i) {
    FailureStats& row =
        out.failures[{FailureKind::kReset, Phase::kFirstByte, std::string(kMessageReset)}];
    const Duration at = seconds(rng.Below(100));
    row.Merge({.count = 1, .first = at, .last = at, .samples = {Evidence{}}});
  }
  return out;
}

FailureStats One(Duration at) {
  return {.count = 1, .first = at, .last = at, .samples = {Evidence{}}};
}

bool SameNumbers(const EndpointStats& a, const EndpointStats& b) {
  return SameTotals(ComputeTotals({a}), ComputeTotals({b}));
}

TEST(EndpointStats, MergesToTheSameNumbersInAnyOrder) {
  Rng rng(5);
  std::vector<EndpointStats> parts;
  for (int i = 0; i < 12; ++i) parts.push_back(Random(rng));
  EndpointStats forward, backward;
  for (const EndpointStats& part : parts) forward.Merge(part);
  std::reverse(parts.begin(), parts.end());
  for (const EndpointStats& part : parts) backward.Merge(part);
  EXPECT_TRUE(SameNumbers(forward, backward));
  EXPECT_TRUE(forward.response == backward.response);
  const FailureStats& a = forward.failures.begin()->second;
  const FailureStats& b = backward.failures.begin()->second;
  EXPECT_EQ(a.count, forward.failed);
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(a.first, b.first);
  EXPECT_EQ(a.last, b.last);
}

TEST(EndpointStats, KeepsTheEarliestAndTheLatestTimeOfAFailure) {
  FailureStats row;
  row.Merge(One(seconds(7)));
  row.Merge(One(seconds(3)));
  row.Merge(One(seconds(9)));
  EXPECT_EQ(row.first, seconds(3));
  EXPECT_EQ(row.last, seconds(9));
  EXPECT_EQ(row.count, 3U);
}

TEST(EndpointStats, BoundsTheEvidenceOfAFailure) {
  FailureStats row;
  for (int i = 0; i < 50; ++i) row.Merge(One(seconds(i)));
  EXPECT_EQ(row.count, 50U);
  EXPECT_EQ(row.samples.size(), FailureStats::kMostSamples);
}

TEST(EndpointStats, CountsFailuresWithoutARowUnderOthers) {
  EndpointStats sum;
  for (int i = 0; i < 150; ++i) {
    EndpointStats part;
    part.failures[{FailureKind::kStatus, Phase::kBody, "message " + std::to_string(i)}] =
        One(seconds(i));
    sum.Merge(part);
  }
  EXPECT_EQ(sum.failures.size(), EndpointStats::kMostFailures + 1);
  const auto others = sum.failures.find(kOtherFailures);
  ASSERT_NE(others, sum.failures.end());
  EXPECT_EQ(others->second.count, 50U);
}

TEST(EndpointStats, ClearedItIsEmpty) {
  Rng rng(1);
  EndpointStats stats = Random(rng);
  EXPECT_FALSE(stats.empty());
  stats.Clear();
  EXPECT_TRUE(stats.empty());
  EXPECT_TRUE(SameNumbers(stats, EndpointStats{}));
}

TEST(Interval, AddsWhatAnotherThreadMeasuredInTheSameSecond) {
  Interval a{
      .index = 4, .begin = seconds(4), .end = seconds(5), .users = 10, .in_flight = 2, .cpu = 0.5};
  a.endpoints.resize(1);
  a.endpoints[0].started = 3;
  Interval b{.index = 4,
             .begin = milliseconds(3990),
             .end = milliseconds(5010),
             .users = 7,
             .in_flight = 1,
             .cpu = 0.9};
  b.endpoints.resize(2);
  b.endpoints[0].started = 4;
  b.endpoints[1].skipped = 1;
  b.lag.Record(milliseconds(1));
  a.MergePeer(b);
  EXPECT_EQ(a.begin, milliseconds(3990));
  EXPECT_EQ(a.end, milliseconds(5010));
  EXPECT_EQ(a.users, 17U);
  EXPECT_EQ(a.in_flight, 3U);
  EXPECT_EQ(a.cpu, 0.5);
  EXPECT_EQ(a.endpoints[0].started, 7U);
  EXPECT_EQ(a.endpoints[1].skipped, 1U);
  EXPECT_EQ(a.lag.count(), 1U);
}

TEST(Totals, OfMergedPartsAreTheSumOfTheirTotals) {
  Rng rng(8);
  std::vector<EndpointStats> merged(2);
  v1::Totals sum;
  for (int i = 0; i < 20; ++i) {
    std::vector<EndpointStats> part;
    part.push_back(Random(rng));
    part.push_back(Random(rng));
    AddTotals(sum, ComputeTotals(part));
    for (std::size_t e = 0; e < 2; ++e) merged[e].Merge(part[e]);
  }
  const v1::Totals whole = ComputeTotals(merged);
  EXPECT_TRUE(SameTotals(whole, sum));
  EXPECT_EQ(whole.started(), merged[0].started + merged[1].started);
  EXPECT_EQ(whole.failed(), merged[0].failed + merged[1].failed);
}

TEST(Totals, TheDigestSeesOneValueInAnotherBucketOrEndpoint) {
  std::vector<EndpointStats> base(2);
  base[0].response.Record(milliseconds(100));
  const std::uint64_t digest = ComputeTotals(base).digest();

  std::vector<EndpointStats> bucket(2);
  bucket[0].response.Record(milliseconds(101));
  std::vector<EndpointStats> endpoint(2);
  endpoint[1].response.Record(milliseconds(100));
  std::vector<EndpointStats> histogram(2);
  histogram[0].intended.Record(milliseconds(100));
  std::vector<EndpointStats> status(2);
  status[0].response.Record(milliseconds(100));
  status[0].status[200] = 1;
  for (const auto* other : {&bucket, &endpoint, &histogram, &status}) {
    EXPECT_NE(ComputeTotals(*other).digest(), digest);
  }
}

}  // namespace
}  // namespace sfp::stats
