#include "common/base/wall_clock.h"

#include <gtest/gtest.h>

namespace sfp {
namespace {

TEST(WallClock, ReadsAndWritesRfc3339) {
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseRfc3339("2026-01-02T03:04:05.678Z"), 1767323045678000000);
  EXPECT_EQ(FormatRfc3339(1767323045678000000), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(FormatRfc3339(1767323045678999999), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(FormatRfc3339(-1), "1969-12-31T23:59:59.999Z");
}

TEST(WallClock, WhatIsNoMomentIsNone) {
  EXPECT_FALSE(ParseRfc3339(""));
  EXPECT_FALSE(ParseRfc3339("yesterday"));
}

}  // namespace
}  // namespace sfp
