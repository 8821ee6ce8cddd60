#include "common/base/refusal_log.h"

#include <gtest/gtest.h>

namespace sfp {
namespace {

using std::chrono::seconds;
constexpr Time kStart = Time(std::chrono::hours(5));

TEST(RefusalLog, SaysEachReasonOfAnAddressOnceAMinute) {
  RefusalLog log;
  EXPECT_EQ(log.Note("10.0.0.1", "10.0.0.1:5", "garbage", kStart),
            "10.0.0.1:5 is refused: garbage");
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(log.Note("10.0.0.1", "10.0.0.1:6", "garbage", kStart + seconds(59)));
  }
  EXPECT_TRUE(log.Note("10.0.0.1", "10.0.0.1:5", "no certificate", kStart));
  EXPECT_TRUE(log.Note("10.0.0.2", "10.0.0.2:5", "garbage", kStart));
  EXPECT_EQ(log.Note("10.0.0.1", "10.0.0.1:7", "garbage", kStart + seconds(60)),
            "10.0.0.1:7 is refused: garbage (and 1000 times more since it was said last)");
  EXPECT_EQ(log.Note("10.0.0.1", "10.0.0.1:7", "garbage", kStart + seconds(120)),
            "10.0.0.1:7 is refused: garbage");
}

TEST(RefusalLog, SaysAFewDozenLinesAMinuteHoweverManyKnock) {
  RefusalLog log;
  int lines = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string address = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
    if (log.Note(address, address + ":1", "garbage", kStart)) ++lines;
  }
  EXPECT_EQ(lines, static_cast<int>(RefusalLog::kMostEntries) + 1);
  // A minute later there is room again.
  EXPECT_EQ(log.Note("10.9.9.9", "10.9.9.9:1", "garbage", kStart + seconds(60)),
            "10.9.9.9:1 is refused: garbage");
}

}  // namespace
}  // namespace sfp
