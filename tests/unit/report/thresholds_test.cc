#include "master/report/thresholds.h"

#include <gtest/gtest.h>

#include "master/report/threshold_watch.h"
#include "tests/unit/results/journal.h"

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
  for (const char* method : {"GET", "POST"}) {
    endpoint.name = "item";
    endpoint.method = method;
    endpoint.response.avg = endpoint.method == "GET" ? 10 : 20;
    report.endpoints.push_back(endpoint);
  }
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
      {"by_term: avg < 2s", 2500, false}, {"POST item: avg < 15ms", 20, false},
      {"GET item: avg < 15ms", 10, true},
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

// A run with one threshold, looked at each second.
class Watched {
 public:
  Watched(const char* check, bool abort, std::chrono::seconds patience)
      : journal_(Started(check), 1), watch_({Parsed(check, abort, patience)}) {}

  // Seconds of ten requests each, a number of them failed; says in which second the run ended.
  std::optional<std::uint32_t> Run(const std::vector<results::Work>& seconds) {
    for (const results::Work& work : seconds) {
      journal_.Deliver(0, second_, work);
      if ((broken = watch_.Look(journal_.results))) return second_;
      ++second_;
    }
    return std::nullopt;
  }
  std::optional<ThresholdWatch::Broken> broken;

 private:
  static v1::RunStarted Started(const char* check) {
    v1::RunStarted run = results::Journal::TwoEndpoints();
    run.add_threshold_rules()->set_check(check);
    return run;
  }
  static config::Threshold Parsed(const char* check, bool abort, std::chrono::seconds patience) {
    config::Threshold threshold = *config::ParseThreshold(check);
    threshold.abort = abort;
    threshold.patience = patience;
    return threshold;
  }
  results::Journal journal_;
  ThresholdWatch watch_;
  std::uint32_t second_ = 0;
};

std::vector<results::Work> Seconds(int count, results::Work work) {
  return std::vector<results::Work>(static_cast<std::size_t>(count), work);
}

constexpr std::chrono::milliseconds kFast{100}, kSlow{900};

TEST(ThresholdWatch, EndsTheRunOnceAThresholdWasBrokenForItsTime) {
  Watched run("p95 < 500ms", true, std::chrono::seconds(5));
  EXPECT_EQ(run.Run(Seconds(10, {.succeeded = 20, .response = kFast})), std::nullopt);
  // Of ten seconds with 20 requests each the 95th percentile is slow as soon as one second is.
  EXPECT_EQ(run.Run(Seconds(10, {.succeeded = 20, .response = kSlow})), 15u);
  EXPECT_EQ(run.broken->check, "p95 < 500ms");
  EXPECT_EQ(run.broken->why,
            "threshold p95 < 500ms was broken for 5 s (p95: 900 ms, not < 500 ms)");
}

TEST(ThresholdWatch, DoesNotEndItForOneThatHoldsAgainOrMayNotEndIt) {
  Watched again("p95 < 500ms", true, std::chrono::seconds(12));
  for (int i = 0; i < 3; ++i) {
    // Two slow seconds are among the newest ten for eleven.
    EXPECT_EQ(again.Run(Seconds(2, {.succeeded = 20, .response = kSlow})), std::nullopt);
    EXPECT_EQ(again.Run(Seconds(12, {.succeeded = 20, .response = kFast})), std::nullopt);
  }
  Watched only_said("p95 < 500ms", false, std::chrono::seconds(1));
  EXPECT_EQ(only_said.Run(Seconds(30, {.succeeded = 20, .response = kSlow})), std::nullopt);
}

TEST(ThresholdWatch, SecondsWithoutAFigureLeaveThingsAsTheyWere) {
  Watched run("p95 < 500ms", true, std::chrono::seconds(15));
  EXPECT_EQ(run.Run(Seconds(40, {})), std::nullopt);
  EXPECT_EQ(run.Run({{.succeeded = 20, .response = kSlow}}), std::nullopt);
  EXPECT_EQ(run.Run(Seconds(20, {})), 55u);  // nobody has said that it holds
}

TEST(ThresholdWatch, WatchesOneEndpointAndFiguresThatOnlyAddUp) {
  Watched other("second: p95 < 500ms", true, std::chrono::seconds(1));
  EXPECT_EQ(other.Run(Seconds(5, {.succeeded = 20, .response = kSlow})), std::nullopt);
  EXPECT_EQ(other.Run(Seconds(5, {.succeeded = 20, .response = kSlow, .endpoint = 1})), 6u);
  // 3 failures a second: 61 after 21 s, not within any ten.
  Watched sum("failed <= 60", true, std::chrono::seconds(0));
  EXPECT_EQ(sum.Run(Seconds(40, {.succeeded = 20, .failed = 3})), 20u);
  EXPECT_EQ(sum.broken->check, "failed <= 60");
}

}  // namespace
}  // namespace sfp::report
