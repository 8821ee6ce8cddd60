#include "common/base/clock_watch.h"

#include <gtest/gtest.h>

namespace sfp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ClockWatchTest : public testing::Test {
 protected:
  // A second later.
  ClockChange Second() {
    now.monotonic += seconds(1);
    now.boottime += seconds(1);
    now.wall += seconds(1);
    return watch.Notice(now);
  }

  ClockReading now{.monotonic = Time(seconds(100)),
                   .wall = seconds(1'790'000'000),
                   .boottime = seconds(250),
                   .blur = microseconds(1)};
  ClockWatch watch;
};

TEST_F(ClockWatchTest, QuietClocksSayNothing) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(Second().any());
}

TEST_F(ClockWatchTest, AStepIsToldOnceWithItsSign) {
  Second();
  for (const Duration step : {Duration(seconds(30)), Duration(milliseconds(-200))}) {
    now.wall += step;
    const ClockChange change = Second();
    EXPECT_EQ(change.step, step);
    EXPECT_EQ(change.suspended, Duration(0));
    EXPECT_FALSE(Second().any());
  }
}

TEST_F(ClockWatchTest, SuspensionIsNoStep) {
  Second();
  now.wall += seconds(3600);
  now.boottime += seconds(3600);
  const ClockChange change = Second();
  EXPECT_EQ(change.step, Duration(0));
  EXPECT_EQ(change.suspended, seconds(3600));
  EXPECT_FALSE(Second().any());
}

TEST_F(ClockWatchTest, SmallStepsAddUp) {
  Second();
  Duration told(0);
  for (int i = 0; i < 100; ++i) {
    now.wall += milliseconds(4);
    told += Second().step;
  }
  EXPECT_GT(told, milliseconds(380));
  EXPECT_LE(told, milliseconds(400));
}

TEST_F(ClockWatchTest, WhatTheReadingItselfTookIsNoStep) {
  Second();
  now.blur = milliseconds(50);
  now.wall += milliseconds(45);
  EXPECT_FALSE(Second().any());
}

TEST_F(ClockWatchTest, ThisMachinesClocksAreReadTogether) {
  const ClockReading first = ReadClocks();
  EXPECT_GE(first.blur, Duration(0));
  EXPECT_GT(first.wall, seconds(1'700'000'000));
  EXPECT_FALSE(watch.Notice(first).any());
  EXPECT_EQ(watch.Notice(ReadClocks()).suspended, Duration(0));
}

}  // namespace
}  // namespace sfp
