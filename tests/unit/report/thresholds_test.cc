#include "master/report/thresholds.h"

#include <gtest/gtest.h>

namespace sfp::report {
namespace {

Report Example() {
  Report report;
  report.totals.requests = 200;
  report.totals.failures = 4;
  report.totals.failure_pct = 2;
  report.totals.rps = 20;
  report.totals.response.avg = 100;
  report.totals.response.p95 = 300;
  report.totals.response.p99_9 = 900;
  Endpoint endpoint;
  endpoint.name = "by_term";
  endpoint.response.avg = 2500;
  report.endpoints.push_back(endpoint);
  return report;
}

Threshold Of(const char* text) {
  const StatusOr<config::Threshold> threshold = config::ParseThreshold(text);
  EXPECT_TRUE(threshold.ok()) << text;
  return Evaluate(*threshold, Example());
}

TEST(Thresholds, CompareTheMeasuredFigure) {
  const struct {
    const char* text;
    double value;
    bool held;
  } cases[] = {
      {"p95 < 500ms", 300, true},         {"p95 < 300ms", 300, false},
      {"p95 <= 300ms", 300, true},        {"p99.9 < 1s", 900, true},
      {"avg > 50ms", 100, true},          {"failures < 1%", 2, false},
      {"failures <= 2%", 2, true},        {"rps > 30", 20, false},
      {"rps >= 20/s", 20, true},          {"requests >= 200", 200, true},
      {"failed < 4", 4, false},           {"by_term: avg < 3s", 2500, true},
      {"by_term: avg < 2s", 2500, false},
  };
  for (const auto& c : cases) {
    const Threshold found = Of(c.text);
    EXPECT_EQ(found.text, c.text);
    EXPECT_EQ(found.value, c.value) << c.text;
    EXPECT_EQ(found.held, c.held) << c.text;
  }
}

TEST(Thresholds, OnWhatWasNotMeasuredAreNotHeld) {
  for (const char* text : {"p50 < 1h", "nobody: avg < 1h", "by_term: p95 < 1h"}) {
    const Threshold found = Of(text);
    EXPECT_FALSE(found.held) << text;
    EXPECT_FALSE(found.value) << text;
  }
}

}  // namespace
}  // namespace sfp::report
