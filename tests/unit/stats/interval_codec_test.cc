#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "common/base/rng.h"
#include "common/stats/interval.h"

namespace sfp::stats {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Interval Example() {
  Interval out{.index = 12,
               .begin = milliseconds(12'001),
               .end = milliseconds(13'002),
               .users = 20,
               .in_flight = 3,
               .cpu = 0.25};
  out.endpoints.resize(3);
  EndpointStats& stats = out.endpoints[1];
  stats.started = 6;
  stats.succeeded = 3;
  stats.failed = 2;
  stats.skipped = 1;
  stats.failed_sum_ns = 70'000'000;
  stats.reconnects = 1;
  stats.bytes_sent = 700;
  stats.bytes_received = 9000;
  for (int i = 1; i <= 5; ++i) stats.response.Record(milliseconds(i * 10));
  stats.intended.Record(milliseconds(12));
  stats.phases[static_cast<std::size_t>(Phase::kBody)].Record(milliseconds(1));
  stats.status = {{200, 3}, {503, 1}};
  FailureStats row{.count = 2, .first = milliseconds(12'100), .last = milliseconds(12'900)};
  row.samples.push_back({.reused = true,
                         .reset = true,
                         .error = 104,
                         .served = 7,
                         .idle = seconds(5),
                         .since_send = milliseconds(2),
                         .bytes_sent = 140});
  stats.failures[{FailureKind::kReset, Phase::kFirstByte, std::string(kMessageReset)}] = row;
  stats.warnings[{FailureKind::kExpectation, Phase::kBody, "body 'a', expected 'b'"}] =
      FailureStats{.count = 3, .first = milliseconds(12'050), .last = milliseconds(12'900)};
  out.endpoints[2].skipped = 4;
  out.lag.Record(Duration(40'000));
  return out;
}

v1::Snapshot Encode(const Interval& interval) {
  v1::Snapshot out;
  ToProto(interval, out);
  return out;
}

TEST(IntervalCodec, ReadsBackWhatItWrote) {
  const Interval interval = Example();
  const v1::Snapshot wire = Encode(interval);
  EXPECT_EQ(wire.endpoints_size(), 2);  // the one without a number stays at home
  const StatusOr<Interval> back = FromProto(wire, 3);
  ASSERT_TRUE(back.ok()) << Message(back.status());
  EXPECT_EQ(back->index, 12U);
  EXPECT_EQ(back->begin, interval.begin);
  EXPECT_EQ(back->end, interval.end);
  EXPECT_EQ(back->users, 20U);
  EXPECT_EQ(back->in_flight, 3U);
  EXPECT_EQ(back->cpu, 0.25);
  EXPECT_TRUE(back->lag == interval.lag);
  EXPECT_TRUE(SameTotals(ComputeTotals(back->endpoints), ComputeTotals(interval.endpoints)));
  const EndpointStats& stats = back->endpoints[1];
  EXPECT_TRUE(stats.failed_sum_ns == 70'000'000);
  EXPECT_EQ(stats.status, interval.endpoints[1].status);
  ASSERT_EQ(stats.failures.size(), 1U);
  EXPECT_EQ(stats.failures.begin()->first, interval.endpoints[1].failures.begin()->first);
  ASSERT_EQ(stats.warnings.size(), 1U);
  EXPECT_EQ(stats.warnings.begin()->first.message, "body 'a', expected 'b'");
  EXPECT_EQ(stats.warnings.begin()->second.count, 3U);
  const FailureStats& row = stats.failures.begin()->second;
  EXPECT_EQ(row.count, 2U);
  EXPECT_EQ(row.last, milliseconds(12'900));
  ASSERT_EQ(row.samples.size(), 1U);
  EXPECT_TRUE(row.samples[0].reused && row.samples[0].reset);
  EXPECT_EQ(row.samples[0].error, 104);
  EXPECT_EQ(row.samples[0].served, 7U);
  EXPECT_EQ(row.samples[0].idle, seconds(5));
  EXPECT_EQ(row.samples[0].bytes_sent, 140U);
}

TEST(IntervalCodec, RefusesWhatDoesNotFitTogether) {
  const v1::Snapshot good = Encode(Example());
  const auto stats = [](v1::Snapshot& s) { return s.mutable_endpoints(0); };
  const auto failure = [](v1::Snapshot& s) { return s.mutable_endpoints(0)->mutable_failures(0); };
  const struct {
    std::function<void(v1::Snapshot&)> spoil;
    const char* message;
  } cases[] = {
      {[&](auto& s) { stats(s)->set_endpoint(3); }, "unknown endpoint 3"},
      {[&](auto& s) { stats(s)->set_endpoint(2); }, "endpoint 2 comes twice"},
      {[&](auto& s) { s.set_end_ns(0); }, "the interval ends before it begins"},
      {[&](auto& s) { s.set_cpu(std::numeric_limits<double>::quiet_NaN()); },
       "impossible CPU share"},
      {[&](auto& s) { s.set_cpu(-0.1); }, "impossible CPU share"},
      {[&](auto& s) { s.mutable_lag()->set_count(9); },
       "lag: histogram: count is not that of its buckets"},
      {[&](auto& s) { stats(s)->set_started(~0ULL); }, "endpoint 1: impossible counter"},
      {[&](auto& s) { stats(s)->set_succeeded(4); },
       "endpoint 1: response: not one value for each completed request"},
      {[&](auto& s) { stats(s)->set_succeeded(2); },
       "endpoint 1: response: more values than there can be"},
      {[&](auto& s) { stats(s)->set_failed_sum_ns(200'000'000); },
       "endpoint 1: the failures took longer than all requests"},
      {[&](auto& s) { stats(s)->add_phases(); }, "endpoint 1: unknown phase"},
      {[&](auto& s) { (*stats(s)->mutable_status())[99] = 1; },
       "endpoint 1: impossible status code"},
      {[&](auto& s) { (*stats(s)->mutable_status())[404] = 2; },
       "endpoint 1: more status codes than completed requests"},
      {[&](auto& s) { failure(s)->set_kind(0); }, "endpoint 1: unknown kind of failure"},
      {[&](auto& s) { stats(s)->mutable_warnings(0)->set_count(4); },
       "endpoint 1: warnings: failure rows do not add up"},
      {[&](auto& s) { failure(s)->set_kind(kFailureKinds); },
       "endpoint 1: unknown kind of failure"},
      {[&](auto& s) { failure(s)->set_phase(7); }, "endpoint 1: unknown phase of a failure"},
      {[&](auto& s) { failure(s)->set_count(1); }, "endpoint 1: failure rows do not add up"},
      {[&](auto& s) { failure(s)->set_count(3); }, "endpoint 1: failure rows do not add up"},
      {[&](auto& s) { stats(s)->clear_failures(); }, "endpoint 1: failure rows do not add up"},
      {[&](auto& s) { failure(s)->set_message(std::string(201, 'x')); },
       "endpoint 1: impossible failure message"},
      {[&](auto& s) { failure(s)->set_message("a\nb"); }, "endpoint 1: impossible failure message"},
      {[&](auto& s) { failure(s)->set_first_ns(failure(s)->last_ns() + 1); },
       "endpoint 1: a failure's last time is before its first"},
      {[&](auto& s) {
         failure(s)->add_samples();
         failure(s)->add_samples();
       },
       "endpoint 1: too much evidence of a failure"},
  };
  for (const auto& c : cases) {
    v1::Snapshot bad = good;
    c.spoil(bad);
    EXPECT_EQ(Message(FromProto(bad, 3).status()), c.message);
  }
}

TEST(IntervalCodec, SurvivesFlippedBytes) {
  const std::string good = Encode(Example()).SerializeAsString();
  google::protobuf::SetLogHandler(nullptr);  // it reports each broken UTF-8
  Rng rng(3);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (std::uint64_t n = 1 + rng.Below(4); n > 0; --n) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Next());
    }
    v1::Snapshot wire;
    if (!wire.ParseFromString(bytes)) continue;
    const StatusOr<Interval> interval = FromProto(wire, 3);
    if (!interval.ok()) {
      ++refused;
      continue;
    }
    for (const EndpointStats& stats : interval->endpoints) {
      ASSERT_EQ(stats.requests(), stats.response.count());
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(CleanMessage, KeepsTextAndReplacesWhatIsNone) {
  const struct {
    std::string in, out;
  } cases[] = {
      {"Connection reset by peer", "Connection reset by peer"},
      {"größer als 5 €, 😀", "größer als 5 €, 😀"},
      {"", ""},
      {std::string("a\0b\r\n", 5), "a?b??"},
      {"\xff\xfe", "??"},
      {"\xc3", "?"},
      {"\xc0\xaf", "??"},
      {"\xed\xa0\x80", "???"},
      {"\xf5\x80\x80\x80", "????"},
      {std::string(300, 'x'), std::string(200, 'x')},
      {std::string(199, 'x') + "ä", std::string(199, 'x')},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(CleanMessage(c.in), c.out);
    EXPECT_EQ(CleanMessage(CleanMessage(c.in)), c.out);
  }
}

}  // namespace
}  // namespace sfp::stats
