#include "master/report/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "master/report/json.h"
#include "tests/unit/results/journal.h"

namespace sfp::report {
namespace {

using capacity::Verdict;
using results::Journal;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// 10 users on each worker at 10 requests/s of 0.1 s each, thinking 0.9 s, for 30 s.
v1::RunStarted Thinking() {
  v1::RunStarted run = Journal::TwoEndpoints();
  run.set_think_time_s(0.9);
  return run;
}

void Deliver(Journal& journal, std::uint32_t worker, std::uint32_t from, std::uint32_t to) {
  for (std::uint32_t s = from; s < to; ++s) journal.Deliver(worker, s, {.succeeded = 10});
}

TEST(Build, ASoundRunIsValidWithoutAReason) {
  Journal journal(Thinking(), 2);
  Deliver(journal, 0, 0, 30);
  Deliver(journal, 1, 0, 30);
  journal.Finish(31);
  const Report report = Build(journal.results);
  EXPECT_EQ(report.run.verdict, Verdict::kValid);
  EXPECT_THAT(report.run.reasons, IsEmpty());
  EXPECT_FALSE(report.sweep);
  ASSERT_EQ(report.rows.size(), 1U);
  EXPECT_EQ(report.rows[0].users, 20U);
  EXPECT_EQ(report.rows[0].requests, 600U);
  EXPECT_DOUBLE_EQ(*report.rows[0].rps, 20);
  EXPECT_NEAR(*report.rows[0].judgement.little_ratio, 1, 1e-3);
  EXPECT_FALSE(report.totals.intended);
  EXPECT_FALSE(report.totals.tls);
}

TEST(Build, ARampIsCountedButNotJudged) {
  Journal journal(Thinking(), 1);
  for (std::uint32_t s = 0; s < 20; ++s) {
    journal.Deliver(0, s, {.users = (s + 1) / 2, .succeeded = static_cast<int>(s) / 2});
  }
  for (std::uint32_t s = 20; s < 60; ++s) journal.Deliver(0, s, {.users = 10, .succeeded = 10});
  journal.Finish(61);
  const Report report = Build(journal.results);
  EXPECT_EQ(report.run.verdict, Verdict::kValid);
  EXPECT_EQ(report.rows[0].requests, 490U);
  EXPECT_NEAR(*report.rows[0].judgement.little_ratio, 1, 1e-3);
}

TEST(Build, TheFirstSecondIsARampEvenIfAllUsersAreThereAtItsEnd) {
  Journal journal(Thinking(), 1);
  journal.Deliver(0, 0, {.succeeded = 3});
  Deliver(journal, 0, 1, 12);
  journal.Finish(13);
  EXPECT_NEAR(*Build(journal.results).rows[0].judgement.little_ratio, 1, 1e-3);
}

TEST(Build, SkippedTasksLengthenTheThinkTime) {
  Journal journal(Thinking(), 1);
  for (std::uint32_t s = 0; s < 30; ++s) {
    v1::JournalRecord record = journal.Snapshot(0, s, {.succeeded = 5});
    record.mutable_snapshot()->mutable_snapshot()->mutable_endpoints(0)->set_skipped(5);
    journal.Must(record, s + 1.1);
  }
  journal.Finish(31);
  // 5/s × (0.1 s + 2 × 0.9 s) = 9.5 of 10 users.
  EXPECT_NEAR(*Build(journal.results).rows[0].judgement.little_ratio, 0.95, 1e-3);
}

TEST(Build, DifferingTotalsAreTheFirstReason) {
  Journal journal(Thinking(), 1);
  Deliver(journal, 0, 0, 30);
  v1::JournalRecord finished;
  finished.mutable_finished()->mutable_theirs()->set_started(301);
  finished.mutable_finished()->mutable_ours()->set_started(300);
  journal.Must(finished, 31);
  v1::JournalRecord ended;
  ended.mutable_ended();
  journal.Must(ended, 31);
  const Report report = Build(journal.results);
  EXPECT_TRUE(report.run.totals_differ);
  EXPECT_EQ(report.run.verdict, Verdict::kInvalid);
  EXPECT_THAT(report.run.reasons, ElementsAre(HasSubstr("TOTALS DIFFER: worker 0 (worker-0)")));
}

TEST(Build, AnIncompleteRunSaysWhatIsMissing) {
  Journal journal(Thinking(), 2);
  Deliver(journal, 1, 0, 10);
  Deliver(journal, 0, 0, 13);
  journal.Must(Journal::Lost(1), 13);
  Deliver(journal, 0, 13, 30);
  const Report open = Build(journal.results);
  EXPECT_THAT(open.run.reasons, Contains("the journal ends before the run did"));
  v1::RunEnded ended;
  ended.set_missing_workers(1);
  journal.Finish(31, ended);
  const Report report = Build(journal.results);
  EXPECT_THAT(report.run.reasons, Contains("the run is incomplete: 1 worker was missing"));
  EXPECT_THAT(
      report.run.reasons,
      Contains("worker 1 (worker-1) was lost and did not come back; what it delivered, up to "
               "second 10.0, is in; missing are at most 130 requests (10 in its busiest "
               "second, 13.0 s until its load had ended for certain) and the answers to 0 "
               "that were under way"));
  EXPECT_NE(report.run.verdict, Verdict::kValid);
  EXPECT_TRUE(report.series[15].degraded);
}

TEST(Build, ALateGeneratorDegradesTheRowsOfASweep) {
  Journal journal(Thinking(), 1);
  journal.Must(Journal::Level(10, 0), 0);
  for (std::uint32_t s = 0; s < 40; ++s) {
    if (s == 20) {
      journal.Must(Journal::LevelEnd(20), 20);
      journal.Must(Journal::Level(11, 20), 20);
    }
    const std::uint32_t users = s < 20 ? 10 : 11;
    v1::JournalRecord record =
        journal.Snapshot(0, s, {.users = users, .succeeded = static_cast<int>(users)});
    stats::Histogram lag;
    lag.Record(std::chrono::milliseconds(s < 20 ? 40 : 0));
    lag.ToProto(*record.mutable_snapshot()->mutable_snapshot()->mutable_lag());
    journal.Must(record, s + 1.1);
  }
  journal.Must(Journal::LevelEnd(40), 41);
  journal.Finish(41);
  const Report report = Build(journal.results);
  ASSERT_EQ(report.rows.size(), 2U);
  EXPECT_EQ(report.rows[0].judgement.verdict, Verdict::kDegraded);
  EXPECT_EQ(report.rows[1].judgement.verdict, Verdict::kValid);
  EXPECT_EQ(report.run.verdict, Verdict::kDegraded);
  EXPECT_THAT(report.run.reasons, ElementsAre(HasSubstr("10 users: the generator was late")));
}

TEST(Build, TheSeedDefinitionsLeaveFailuresOut) {
  Journal journal(Thinking(), 1);
  v1::JournalRecord record = journal.Snapshot(0, 0, {.succeeded = 3, .failed = 1});
  v1::EndpointStats& stats = *record.mutable_snapshot()->mutable_snapshot()->mutable_endpoints(0);
  stats.set_failed_sum_ns(stats.response().sum_ns() / 4);
  journal.Must(record, 1.1);
  const Row row = Build(journal.results).rows[0];
  EXPECT_DOUBLE_EQ(*row.rps, 4);
  EXPECT_DOUBLE_EQ(*row.success_rps, 3);
  EXPECT_DOUBLE_EQ(*row.success_avg_ms, 100);
}

TEST(Build, IsTheSameFromTheSameJournal) {
  const auto json = [] {
    Journal journal(Thinking(), 1);
    Deliver(journal, 0, 0, 5);
    journal.Finish(6);
    return ToJson(Build(journal.results));
  };
  EXPECT_EQ(json(), json());
}

}  // namespace
}  // namespace sfp::report
