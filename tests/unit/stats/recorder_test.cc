#include "common/stats/recorder.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/support/allocations.h"

namespace sfp::stats {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart{seconds(1000)};

Sample Success(Duration at, Duration response) {
  Sample sample;
  sample.started = kStart + at - response;
  sample.ended = kStart + at;
  sample.response = response;
  sample.phases.fill(kNotMeasured);
  sample.phases[static_cast<std::size_t>(Phase::kFirstByte)] = response / 2;
  sample.status = 200;
  sample.bytes_sent = 100;
  sample.bytes_received = 1000;
  return sample;
}

Sample Failed(Duration at, const Failure& failure) {
  Sample sample = Success(at, milliseconds(3));
  sample.status = 0;
  sample.failure = &failure;
  return sample;
}

Failure Reset() {
  return {.kind = FailureKind::kReset,
          .phase = Phase::kFirstByte,
          .message = std::string(kMessageReset)};
}

TEST(Recorder, CountsASuccessWithItsPhasesAndBytes) {
  Recorder recorder(2, kStart);
  recorder.Started(1);
  EXPECT_EQ(recorder.in_flight(), 1U);
  Sample sample = Success(milliseconds(500), milliseconds(200));
  sample.intended = milliseconds(250);
  sample.reconnected = true;
  recorder.Completed(1, sample);
  recorder.Skipped(0);
  recorder.Dropped(0, 5);
  recorder.Lag(microseconds(30));
  const Interval interval = recorder.Rotate(0, kStart + seconds(1), 9);

  EXPECT_EQ(interval.index, 0U);
  EXPECT_EQ(interval.begin, seconds(0));
  EXPECT_EQ(interval.end, seconds(1));
  EXPECT_EQ(interval.users, 9U);
  EXPECT_EQ(interval.in_flight, 0U);
  EXPECT_EQ(interval.lag.count(), 1U);
  EXPECT_EQ(interval.endpoints[0].skipped, 1U);
  EXPECT_EQ(interval.endpoints[0].dropped, 5U);
  const EndpointStats& stats = interval.endpoints[1];
  EXPECT_EQ(stats.started, 1U);
  EXPECT_EQ(stats.succeeded, 1U);
  EXPECT_EQ(stats.failed, 0U);
  EXPECT_EQ(stats.reconnects, 1U);
  EXPECT_EQ(stats.bytes_sent, 100U);
  EXPECT_EQ(stats.bytes_received, 1000U);
  EXPECT_EQ(stats.status, (StatusMap{{200, 1}}));
  EXPECT_EQ(stats.response.max(), milliseconds(200));
  EXPECT_EQ(stats.intended.max(), milliseconds(250));
  EXPECT_EQ(stats.phases[static_cast<std::size_t>(Phase::kFirstByte)].max(), milliseconds(100));
  EXPECT_EQ(stats.phases[static_cast<std::size_t>(Phase::kConnect)].count(), 0U);
}

TEST(Recorder, ARequestMayEndInALaterIntervalThanItBegan) {
  Recorder recorder(1, kStart);
  recorder.Started(0);
  const Interval first = recorder.Rotate(0, kStart + seconds(1), 1);
  EXPECT_EQ(first.endpoints[0].started, 1U);
  EXPECT_EQ(first.in_flight, 1U);
  recorder.Completed(0, Success(milliseconds(1500), milliseconds(900)));
  const Interval second = recorder.Rotate(1, kStart + seconds(2), 1);
  EXPECT_EQ(second.begin, seconds(1));
  EXPECT_EQ(second.endpoints[0].started, 0U);
  EXPECT_EQ(second.endpoints[0].succeeded, 1U);
  EXPECT_EQ(second.in_flight, 0U);
}

TEST(Recorder, FailuresOfOneKindShareARowWithTheirTimes) {
  Recorder recorder(1, kStart);
  const Failure reset = Reset();
  Failure closed = Reset();
  closed.kind = FailureKind::kClosedBeforeResponse;
  closed.message = kMessageClosed;
  for (const int ms : {100, 300, 200}) {
    recorder.Started(0);
    recorder.Completed(0, Failed(milliseconds(ms), reset));
  }
  recorder.Started(0);
  recorder.Completed(0, Failed(milliseconds(400), closed));
  const Interval interval = recorder.Rotate(0, kStart + seconds(1), 1);
  const EndpointStats& stats = interval.endpoints[0];
  EXPECT_EQ(stats.failed, 4U);
  EXPECT_TRUE(stats.failed_sum_ns == 12'000'000);
  EXPECT_EQ(stats.response.count(), 4U);
  EXPECT_TRUE(stats.status.empty());
  ASSERT_EQ(stats.failures.size(), 2U);
  const FailureStats& row =
      stats.failures.find(FailureKeyView{FailureKind::kReset, Phase::kFirstByte, kMessageReset})
          ->second;
  EXPECT_EQ(row.count, 3U);
  EXPECT_EQ(row.first, milliseconds(100));
  EXPECT_EQ(row.last, milliseconds(300));
  EXPECT_EQ(row.samples.size(), 3U);
}

TEST(Recorder, ItsIntervalsPassTheCodecWhateverTheMessages) {
  Recorder recorder(1, kStart);
  for (int i = 0; i < 300; ++i) {
    Failure failure = Reset();
    failure.message =
        "bad line \x01\xff" + std::string(i % 2 == 0 ? 250 : 1, 'x') + std::to_string(i);
    if (i % 2 == 1) failure.message = "status " + std::to_string(i);
    recorder.Started(0);
    recorder.Completed(0, Failed(milliseconds(i), failure));
  }
  const Interval interval = recorder.Rotate(0, kStart + seconds(1), 1);
  EXPECT_EQ(interval.endpoints[0].failures.size(), EndpointStats::kMostFailures + 1);
  v1::Snapshot wire;
  ToProto(interval, wire);
  v1::Snapshot parsed;
  ASSERT_TRUE(parsed.ParseFromString(wire.SerializeAsString()));
  const StatusOr<Interval> back = FromProto(parsed, 1);
  ASSERT_TRUE(back.ok()) << Message(back.status());
  EXPECT_EQ(back->endpoints[0].failed, 300U);
}

void OneSecond(Recorder& recorder, std::uint32_t second, const Failure& failure) {
  for (int i = 0; i < 200; ++i) {
    const auto endpoint = static_cast<std::size_t>(i % 3);
    const Duration at = seconds(second) + milliseconds(5 * i);
    recorder.Started(endpoint);
    Sample sample = i % 10 == 0 ? Failed(at, failure) : Success(at, milliseconds(1 + i));
    if (i % 7 == 0) sample.status = 404;
    recorder.Completed(endpoint, sample);
    recorder.Lag(microseconds(i));
  }
}

TEST(Recorder, AllocatesNothingInSteadyState) {
  Recorder recorder(3, kStart);
  const Failure failure = Reset();
  std::uint32_t second = 0;
  const auto run = [&](int seconds_count) {
    for (int i = 0; i < seconds_count; ++i, ++second) {
      OneSecond(recorder, second, failure);
      recorder.Recycle(recorder.Rotate(second, kStart + seconds(second + 1), 1));
    }
  };
  run(3);  // first-time memory
  const std::uint64_t before = test::Allocations();
  run(10);
  EXPECT_EQ(test::Allocations() - before, 0U);
}

TEST(Recorder, ARecycledIntervalComesBackClean) {
  Recorder recorder(3, kStart);
  OneSecond(recorder, 0, Reset());
  recorder.Recycle(recorder.Rotate(0, kStart + seconds(1), 5));
  recorder.Rotate(1, kStart + seconds(2), 5);
  const Interval third = recorder.Rotate(2, kStart + seconds(3), 5);
  for (const EndpointStats& stats : third.endpoints) {
    EXPECT_TRUE(stats.empty());
    EXPECT_TRUE(stats.status.empty() && stats.failures.empty());
    EXPECT_EQ(stats.response.count(), 0U);
  }
  EXPECT_EQ(third.lag.count(), 0U);
}

}  // namespace
}  // namespace sfp::stats
