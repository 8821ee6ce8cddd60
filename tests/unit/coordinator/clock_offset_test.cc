#include "master/coordinator/clock_offset.h"

#include <gtest/gtest.h>

namespace sfp::coordinator {
namespace {

using std::chrono::milliseconds;

// A ping that takes `there` and `back`, to a worker whose clock is `ahead`.
void Exchange(ClockOffset& clock, Time sent, Duration there, Duration back, Duration ahead) {
  clock.Sent(sent);
  const std::int64_t worker_ns = (sent + there + ahead).time_since_epoch().count();
  ASSERT_TRUE(clock.Received(sent.time_since_epoch().count(), worker_ns, sent + there + back));
}

TEST(ClockOffsetTest, ShortestRoundTripDecides) {
  const Duration ahead = std::chrono::hours(-5);
  ClockOffset clock;
  const Time t{std::chrono::hours(9)};
  Exchange(clock, t, milliseconds(80), milliseconds(1), ahead);
  Exchange(clock, t + milliseconds(100), milliseconds(1), milliseconds(1), ahead);
  Exchange(clock, t + milliseconds(200), milliseconds(1), milliseconds(50), ahead);
  EXPECT_EQ(clock.offset(), ahead);
  EXPECT_EQ(clock.round_trip(), milliseconds(2));
  EXPECT_EQ(clock.ToWorkerNs(t), (t + ahead).time_since_epoch().count());
}

TEST(ClockOffsetTest, ErrorIsAtMostHalfTheRoundTrip) {
  ClockOffset clock;
  Exchange(clock, Time(milliseconds(5)), milliseconds(10), milliseconds(0), Duration(0));
  EXPECT_EQ(clock.offset(), milliseconds(5));
}

TEST(ClockOffsetTest, OldSamplesLeaveTheWindow) {
  ClockOffset clock;
  Exchange(clock, Time(milliseconds(0)), milliseconds(0), milliseconds(0), milliseconds(100));
  for (std::size_t i = 1; i <= ClockOffset::kWindow; ++i) {
    Exchange(clock, Time(milliseconds(i * 10)), milliseconds(1), milliseconds(1), milliseconds(7));
  }
  EXPECT_EQ(clock.offset(), milliseconds(7));
}

TEST(ClockOffsetTest, AnswersToNothingAreNoSamples) {
  ClockOffset clock;
  EXPECT_FALSE(clock.Received(1, 2, Time(milliseconds(1))));
  clock.Sent(Time(Duration(5)));
  EXPECT_TRUE(clock.Received(5, 2, Time(milliseconds(1))));
  EXPECT_FALSE(clock.Received(5, 2, Time(milliseconds(1))));
  clock.Sent(Time(Duration(6)));
  clock.Forget();
  EXPECT_FALSE(clock.Received(6, 2, Time(milliseconds(1))));
  EXPECT_EQ(clock.samples(), 1u);
  EXPECT_FALSE(clock.good());
}

}  // namespace
}  // namespace sfp::coordinator
