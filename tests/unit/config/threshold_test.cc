#include "common/config/threshold.h"

#include <gtest/gtest.h>

#include "common/config/config.h"

namespace sfp::config {
namespace {

using Comparison = Threshold::Comparison;

TEST(Threshold, GoodOnesAreRead) {
  struct Case {
    const char* text;
    const char* endpoint;
    const char* metric;
    Comparison comparison;
    double value;
  };
  const Case cases[] = {
      {"p95 < 500ms", "", "p95", Comparison::kLess, 500},
      {"failures < 1%", "", "failures", Comparison::kLess, 1},
      {"by_term: avg < 3s", "by_term", "avg", Comparison::kLess, 3000},
      {"rps > 30", "", "rps", Comparison::kGreater, 30},
      {"rps >= 600/m", "", "rps", Comparison::kGreaterOrEqual, 10},
      {"p99.99<=1m", "", "p99.99", Comparison::kLessOrEqual, 60'000},
      {"  max  <  1m30s ", "", "max", Comparison::kLess, 90'000},
      {"failures <= 0.5 %", "", "failures", Comparison::kLessOrEqual, 0.5},
      {"failed < 3", "", "failed", Comparison::kLess, 3},
      {"requests >= 1000", "", "requests", Comparison::kGreaterOrEqual, 1000},
      {"knee > 100 users", "", "knee", Comparison::kGreater, 100},
      {"max_rps >= 600/m", "", "max_rps", Comparison::kGreaterOrEqual, 10},
      {"in_flight <= 5", "", "in_flight", Comparison::kLessOrEqual, 5},
      {"by_term: intended_p99.9 < 2s", "by_term", "intended_p99.9", Comparison::kLess, 2000},
      {"a: b: p50 < 1us", "a: b", "p50", Comparison::kLess, 0.001},
  };
  for (const Case& c : cases) {
    const auto threshold = ParseThreshold(c.text);
    ASSERT_TRUE(threshold.ok()) << c.text << ": " << threshold.status();
    EXPECT_EQ(threshold->text, c.text);
    EXPECT_EQ(threshold->endpoint, c.endpoint) << c.text;
    EXPECT_EQ(threshold->metric, c.metric) << c.text;
    EXPECT_EQ(threshold->comparison, c.comparison) << c.text;
    EXPECT_DOUBLE_EQ(threshold->value, c.value) << c.text;
  }
}

TEST(Threshold, BadOnesSayWhatWouldBeRight) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "'' is not a threshold such as 'p95 < 500ms' or 'by_term: failures < 1%'"},
      {"p95 = 5s",
       "'p95 = 5s' is not a threshold such as 'p95 < 500ms' or 'by_term: failures < 1%'"},
      {"p95 < 500", "p95 is compared with a duration such as 500ms or 3s, not '500'"},
      {"p95 <", "p95 is compared with a duration such as 500ms or 3s, not ''"},
      {"avg < -1s", "avg is compared with a duration such as 500ms or 3s, not '-1s'"},
      {"failures < 1", "failures is compared with a percentage such as 1%, not '1'"},
      {"failures < 101%", "failures is compared with a percentage such as 1%, not '101%'"},
      {"failures < nan%", "failures is compared with a percentage such as 1%, not 'nan%'"},
      {"rps > fast", "rps is compared with a number, not 'fast'"},
      {"requests > 1e999", "requests is compared with a number, not '1e999'"},
      {"failure < 1%", "unknown metric 'failure', did you mean 'failures'?"},
      {"< 1s", "the metric is missing, such as p95 in 'p95 < 500ms'"},
      {": p95 < 1s", "the endpoint in front of ':' is missing"},
      {"median < 1s",
       "unknown metric 'median'; the metrics are avg, min, max, p50, p66, p75, p80, p90, p95, p98, "
       "p99, p99.9, p99.99, failures, rps, requests, succeeded, failed, started, in_flight, "
       "dropped, "
       "skipped, reconnects, knee, max_rps, servers, and intended_avg … of the intended response "
       "time"},
      {"by_term: knee > 100", "knee is a figure of the whole sweep, not of one endpoint"},
      {"knee > 100 rps", "knee is compared with a number, not '100 rps'"},
  };
  EXPECT_FALSE(ParseThreshold("intended_failures < 1%").ok());
  for (const auto& [text, message] : cases) {
    const auto threshold = ParseThreshold(text);
    ASSERT_FALSE(threshold.ok()) << text;
    EXPECT_EQ(Message(threshold.status()), message);
  }
}

TEST(Threshold, SaysInASentenceWhatWasMeasured) {
  const auto said = [](const char* text, std::optional<double> measured) {
    return Sentence(*ParseThreshold(text), measured);
  };
  EXPECT_EQ(said("p95 < 500ms", 612.0), "p95: 612 ms, not < 500 ms");
  EXPECT_EQ(said("by_term: avg < 3s", 2500.0), "avg of by_term: 2.5 s, < 3 s");
  EXPECT_EQ(said("failures < 1%", 2.0), "failures: 2 %, not < 1 %");
  EXPECT_EQ(said("rps > 30", 35.25), "rps: 35.25/s, > 30/s");
  EXPECT_EQ(said("knee > 100 users", std::nullopt), "knee: not measured");
}

TEST(Threshold, HoldsAtItsLimitOnlyIfItSaysSo) {
  const std::tuple<const char*, bool, bool, bool> cases[] = {
      // below, at and above 10
      {"rps < 10", true, false, false},
      {"rps <= 10", true, true, false},
      {"rps > 10", false, false, true},
      {"rps >= 10", false, true, true},
  };
  for (const auto& [text, below, at, above] : cases) {
    const Threshold threshold = *ParseThreshold(text);
    EXPECT_EQ(Holds(threshold, 9.9), below) << text;
    EXPECT_EQ(Holds(threshold, 10), at) << text;
    EXPECT_EQ(Holds(threshold, 10.1), above) << text;
  }
}

}  // namespace
}  // namespace sfp::config
