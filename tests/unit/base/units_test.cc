#include "common/base/units.h"

#include <gtest/gtest.h>

namespace sfp {
namespace {

using namespace std::chrono_literals;

TEST(Units, DurationsAreReadInEveryWrittenForm) {
  const std::pair<const char*, Duration> cases[] = {
      {"0", 0ns},       {"0s", 0ns},  {"5s", 5s},       {"250ms", 250ms},
      {"1m30s", 90s},   {"2h", 2h},   {"1.5s", 1500ms}, {"1h2m3s4ms5us6ns", 3723004005006ns},
      {"100us", 100us}, {"90s", 90s}, {"0.001s", 1ms},
  };
  for (const auto& [text, expected] : cases) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, expected) << text;
  }
}

TEST(Units, WhatIsNoDurationIsRefusedWithASentence) {
  for (const char* text : {"", "5", "s", "-5s", "5 s", "5sec", "1s1m", "1s1s", "1..5s", "nan",
                           "1e3s", "5s ", "99999999999999999h"}) {
    const auto parsed = ParseDuration(text);
    EXPECT_FALSE(parsed.ok()) << text;
    EXPECT_NE(Message(parsed.status()).find('\'' + std::string(text) + '\''), std::string::npos);
  }
}

TEST(Units, FormattedDurationsReadBack) {
  for (const Duration d : {Duration(0), Duration(1ns), Duration(90s), Duration(250ms),
                           Duration(3723004005006ns), Duration(24h)}) {
    const auto parsed = ParseDuration(FormatDuration(d));
    ASSERT_TRUE(parsed.ok()) << FormatDuration(d);
    EXPECT_EQ(*parsed, d);
  }
  EXPECT_EQ(FormatDuration(90s), "1m30s");
  EXPECT_EQ(FormatDuration(1500ms), "1s500ms");
}

TEST(Units, HumanDurationsKeepThreeDigits) {
  EXPECT_EQ(HumanDuration(1440us), "1.44 ms");
  EXPECT_EQ(HumanDuration(12340ms), "12.3 s");
  EXPECT_EQ(HumanDuration(200s), "3m 20s");
  EXPECT_EQ(HumanDuration(2h + 5min), "2h 05m");
}

TEST(Units, RatesArePerSecond) {
  EXPECT_DOUBLE_EQ(*ParseRate("200/s"), 200);
  EXPECT_DOUBLE_EQ(*ParseRate("600/m"), 10);
  EXPECT_DOUBLE_EQ(*ParseRate("0.5/s"), 0.5);
  for (const char* text : {"200", "/s", "-1/s", "200/d", "200/s/s"}) {
    EXPECT_FALSE(ParseRate(text).ok()) << text;
  }
}

TEST(Units, BytesKnowDecimalAndBinaryUnits) {
  EXPECT_EQ(*ParseBytes("512"), 512u);
  EXPECT_EQ(*ParseBytes("64KB"), 64'000u);
  EXPECT_EQ(*ParseBytes("64KiB"), 65'536u);
  EXPECT_EQ(*ParseBytes("1.5MiB"), 1'572'864u);
  for (const char* text : {"", "KB", "-1", "1kb", "9999999999GB"}) {
    EXPECT_FALSE(ParseBytes(text).ok()) << text;
  }
}

TEST(Units, AddressesAreHostAndPort) {
  const struct {
    const char* text;
    const char* host;
    std::uint16_t port;
  } cases[] = {{"127.0.0.1:5557", "127.0.0.1", 5557},
               {"[::1]:80", "::1", 80},
               {"localhost:0", "localhost", 0},
               {"a.b:65535", "a.b", 65535}};
  for (const auto& c : cases) {
    const auto parsed = ParseHostPort(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed->host, c.host);
    EXPECT_EQ(parsed->port, c.port);
  }
  for (const char* text :
       {"", "localhost", ":80", "::1:80", "host:65536", "host:-1", "host:", "[]:1"}) {
    EXPECT_FALSE(ParseHostPort(text).ok()) << text;
  }
}

}  // namespace
}  // namespace sfp
