// What the report says where requests were without an answer at the end, from the journal on.

#include "master/report/censored.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "master/report/build.h"
#include "master/report/console.h"
#include "master/report/json.h"
#include "master/report/latencies.h"
#include "tests/unit/results/journal.h"

namespace sfp::report {
namespace {

using results::Journal;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

// 100 users ask in the first second; the server takes a minute, the load ends after 30 s.
TEST(Censored, AServerThatTakesAMinuteInARunOfThirtySecondsGivesABound) {
  Journal journal(1);
  journal.Deliver(0, 0, {.users = 100, .started_more = 100});
  for (std::uint32_t s = 1; s < 30; ++s) journal.Deliver(0, s, {.users = 100});
  stats::Interval last{.index = 30, .begin = seconds(30), .end = milliseconds(30'900)};
  last.in_flight = 100;
  last.endpoints.resize(2);
  for (int i = 0; i < 100; ++i) last.endpoints[0].unanswered.Record(milliseconds(30'100 + i));
  journal.Must(journal.Snapshot(0, last), 31);
  journal.Finish(31.2);

  const Report report = Build(journal.results);
  EXPECT_EQ(report.totals.started, 100u);
  EXPECT_EQ(report.totals.requests, 0u);
  EXPECT_EQ(report.totals.in_flight, 100u);
  EXPECT_FALSE(report.totals.response.p50);
  ASSERT_TRUE(report.totals.response.censored);
  EXPECT_EQ(report.totals.response.censored->of_known_age, 100u);
  EXPECT_GT(*report.totals.response.censored->AtLeast("p50"), 30'000);
  EXPECT_GT(*report.rows[0].censored->AtLeast("p50"), 30'000);
  EXPECT_THAT(FinalTable(report), HasSubstr("> 301"));
  EXPECT_THAT(FinalTable(report), HasSubstr("100 requests were given up without an answer"));
  EXPECT_THAT(ToJson(report), HasSubstr("\"p50\": null"));
  EXPECT_THAT(ToJson(report), HasSubstr("\"censored\": {\"requests\": 100, \"of_known_age\": 100"));
}

TEST(Censored, WhatWasGivenUpMovesThePercentilesUp) {
  stats::EndpointStats stats;
  stats.started = 1000;
  stats.succeeded = 940;
  for (int i = 0; i < 940; ++i) stats.response.Record(milliseconds(100 + i % 10));
  for (int i = 0; i < 60; ++i) stats.unanswered.Record(seconds(1 + i));
  const Latencies latencies = ResponseTimes(stats);
  EXPECT_NEAR(*latencies.p50, 105, 1);  // half of 1000 is within the 940
  EXPECT_FALSE(latencies.p95);
  EXPECT_NEAR(*latencies.censored->AtLeast("p95"), 10'000, 20);  // the 950th of the 1000
  EXPECT_FALSE(latencies.censored->AtLeast("p50"));
}

TEST(Censored, OfARequestWhoseAgeNobodyKnowsOnlyTheNumberIsSaid) {
  stats::EndpointStats stats;
  stats.started = 11;
  stats.succeeded = 10;
  for (int i = 1; i <= 10; ++i) stats.response.Record(milliseconds(i));
  const Latencies latencies = ResponseTimes(stats);
  EXPECT_EQ(latencies.p50, LatenciesOf(stats.response).p50);
  EXPECT_EQ(latencies.censored->requests, 1u);
  EXPECT_EQ(latencies.censored->of_known_age, 0u);
  EXPECT_TRUE(latencies.censored->at_least.empty());
}

TEST(Censored, ALevelIsOnlyCorrectedForRequestsLongerThanItself) {
  stats::EndpointStats stats;
  stats.started = 500;
  stats.succeeded = 500;
  for (int i = 0; i < 500; ++i) stats.response.Record(milliseconds(100));
  EXPECT_FALSE(ResponseTimesOfLevel(stats, 400, 10).censored);
  // 600 were there from the beginning to the end.
  const Latencies latencies = ResponseTimesOfLevel(stats, 1100, 10);
  EXPECT_FALSE(latencies.p50);
  EXPECT_DOUBLE_EQ(*latencies.censored->AtLeast("p50"), 10'000);
}

TEST(Intervals, OfASteadyRunHoldItsFiguresAndOfARampThereAreNone) {
  v1::RunStarted run = Journal::TwoEndpoints();
  run.set_think_time_s(0.9);
  Journal steady(run, 1), ramp(run, 1);
  for (std::uint32_t s = 0; s < 60; ++s) {
    steady.Deliver(
        0, s,
        {.succeeded = 10 + static_cast<int>(s * 7 % 5), .response = milliseconds(90 + s % 7)});
    ramp.Deliver(0, s, {.users = 1 + s, .succeeded = 10});
  }
  steady.Finish(61);
  ramp.Finish(61);
  const Report report = Build(steady.results);
  for (const Interval95& interval :
       {report.totals.ci95_rps, report.endpoints[0].ci95_rps, report.rows[0].ci95_rps}) {
    ASSERT_TRUE(interval);
    EXPECT_LT((*interval)[0], *report.totals.rps);
    EXPECT_GT((*interval)[1], *report.totals.rps);
    EXPECT_LT((*interval)[1] - (*interval)[0], 1);
  }
  ASSERT_TRUE(report.totals.response.ci95_avg && report.totals.response.ci95_p95);
  EXPECT_LT((*report.totals.response.ci95_avg)[0], *report.totals.response.avg);
  EXPECT_GT((*report.totals.response.ci95_avg)[1], *report.totals.response.avg);
  EXPECT_LE((*report.totals.response.ci95_p95)[0], *report.totals.response.p95);
  EXPECT_GE((*report.totals.response.ci95_p95)[1], *report.totals.response.p95);
  EXPECT_FALSE(report.endpoints[1].ci95_rps);  // it never did anything
  EXPECT_FALSE(Build(ramp.results).totals.ci95_rps);
  EXPECT_THAT(FinalTable(report), Not(HasSubstr("given up")));
}

}  // namespace
}  // namespace sfp::report
