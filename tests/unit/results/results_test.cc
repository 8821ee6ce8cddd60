#include "master/results/results.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "common/base/rng.h"
#include "tests/unit/results/journal.h"

namespace sfp::results {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Results, AddUpWhatAllWorkersDelivered) {
  Journal journal(2);
  journal.Deliver(0, 0, {.users = 5, .succeeded = 8, .failed = 2, .started_more = 1});
  journal.Deliver(1, 0, {.users = 6, .succeeded = 4, .started_more = 3, .endpoint = 1});
  const Results& results = journal.results;
  EXPECT_EQ(results.endpoints()[0].requests(), 10U);
  EXPECT_EQ(results.endpoints()[1].requests(), 4U);
  EXPECT_EQ(results.Total().failed, 2U);
  EXPECT_EQ(results.in_flight(), 4U);
  EXPECT_EQ(results.duration(), seconds(1));
  ASSERT_EQ(results.series().size(), 1U);
  const SeriesPoint& point = results.series()[0];
  EXPECT_EQ(point.users, 11U);
  EXPECT_EQ(point.started, 18U);
  EXPECT_EQ(point.requests, 14U);
  EXPECT_EQ(point.failures, 2U);
  EXPECT_EQ(point.in_flight, 4U);
  EXPECT_NEAR(point.response_sum_s, 1.4, 1e-9);
  EXPECT_FALSE(point.degraded);
}

TEST(Results, WhatIsApartIsCountedByItselfAndInNoTotal) {
  v1::RunStarted run = Journal::TwoEndpoints();
  run.mutable_endpoints(1)->set_apart(true);
  Journal journal(run, 1);
  journal.Must(Journal::Level(5, 0), 0);
  for (std::uint32_t second = 0; second < 100; ++second) {
    journal.Deliver(0, second, {.succeeded = 3, .endpoint = 0});
    journal.Deliver(0, second, {.succeeded = 1, .failed = 1, .started_more = 1, .endpoint = 1});
  }
  const Results& results = journal.results;
  EXPECT_EQ(results.endpoints()[1].requests(), 200U);
  EXPECT_EQ(results.endpoints()[1].failed, 100U);
  EXPECT_EQ(results.history().endpoint(1).back().requests, 2U);
  EXPECT_EQ(results.Total().requests(), 300U);
  EXPECT_EQ(results.Total().failed, 0U);
  EXPECT_EQ(results.in_flight(), 0U);
  EXPECT_EQ(results.history().total().back().requests, 3U);
  EXPECT_EQ(results.rows()[0].total.requests(), 300U);  // of settled and of retained seconds
  EXPECT_EQ(results.series()[0].requests, 3U);
  EXPECT_EQ(results.series()[99].failures, 0U);
  std::uint32_t covered = 0;
  EXPECT_EQ(results.RecentStats(std::nullopt, covered).requests(), 30U);
  EXPECT_EQ(results.Recent(10).count(), 30U);
}

TEST(Results, ASecondIsCompleteWhenTheSlowestWorkerHasDeliveredIt) {
  Journal journal(2);
  EXPECT_FALSE(journal.results.complete_second());
  journal.Deliver(0, 0, {.succeeded = 1});
  journal.Deliver(0, 1, {.succeeded = 1});
  EXPECT_FALSE(journal.results.complete_second());
  EXPECT_FALSE(journal.results.series()[0].p50);
  journal.Deliver(1, 0, {.succeeded = 1, .response = milliseconds(300)});
  EXPECT_EQ(journal.results.complete_second(), 0U);
  EXPECT_NEAR(Millis(*journal.results.series()[0].p50), 100, 0.2);
  EXPECT_NEAR(Millis(*journal.results.series()[0].p95), 300, 0.4);
  EXPECT_FALSE(journal.results.series()[1].p50);
  journal.Deliver(1, 1, {});
  EXPECT_EQ(journal.results.complete_second(), 1U);
}

TEST(Results, DoNotDependOnTheOrderOverWorkers) {
  const auto run = [](std::uint64_t seed) {
    Journal journal(3);
    std::vector<std::vector<v1::JournalRecord>> queues(3);
    for (std::uint32_t w = 0; w < 3; ++w) {
      for (std::uint32_t s = 0; s < 8; ++s) {
        queues[w].push_back(journal.Snapshot(
            w, s,
            {.succeeded = static_cast<int>(w + s), .failed = 1, .response = milliseconds(s + 1)}));
      }
    }
    Rng rng(seed);
    for (std::size_t left = 24; left > 0;) {
      auto& queue = queues[rng.Below(3)];
      if (queue.empty()) continue;
      journal.Must(queue.front(), 9);
      queue.erase(queue.begin());
      --left;
    }
    return journal;
  };
  const Journal a = run(1);
  const Journal b = run(2);
  EXPECT_TRUE(stats::SameTotals(stats::ComputeTotals(a.results.endpoints()),
                                stats::ComputeTotals(b.results.endpoints())));
  EXPECT_EQ(a.results.complete_second(), 7U);
  for (std::size_t s = 0; s < 8; ++s) {
    EXPECT_EQ(a.results.series()[s].requests, b.results.series()[s].requests);
    EXPECT_EQ(a.results.series()[s].users, 30U);
    EXPECT_EQ(a.results.series()[s].p95, b.results.series()[s].p95);
  }
}

TEST(Results, AWorkerThatRotatedLateKeepsItsUsersInTheSecondsBetween) {
  Journal journal;
  journal.Deliver(0, 0, {.users = 4, .succeeded = 1, .started_more = 2});
  journal.Deliver(0, 3, {.users = 5, .succeeded = 1});
  const auto& series = journal.results.series();
  EXPECT_EQ(series[1].users, 4U);
  EXPECT_EQ(series[2].users, 4U);
  EXPECT_EQ(series[2].in_flight, 2U);
  EXPECT_EQ(series[3].users, 5U);
  EXPECT_EQ(journal.results.complete_second(), 3U);
}

TEST(Results, SecondsWithoutALostWorkerAreDegradedUntilItsUsersAreTakenOver) {
  Journal journal(2);
  for (std::uint32_t s = 0; s < 3; ++s) {
    journal.Deliver(0, s, {.succeeded = 1});
    journal.Deliver(1, s, {.succeeded = 1});
  }
  journal.Deliver(0, 3, {.succeeded = 1});
  EXPECT_EQ(journal.results.complete_second(), 2U);
  journal.Must(Journal::Lost(1), 5.5);
  EXPECT_TRUE(journal.results.workers().at(1).lost);
  EXPECT_EQ(journal.results.complete_second(), 3U);  // nobody else is waited for
  for (std::uint32_t s = 4; s < 8; ++s) journal.Deliver(0, s, {.succeeded = 1});
  journal.Must(Journal::NewPlan(), 8.2);
  for (std::uint32_t s = 8; s < 11; ++s) journal.Deliver(0, s, {.succeeded = 1});
  const auto& series = journal.results.series();
  for (const SeriesPoint& point : series) {
    EXPECT_EQ(point.degraded, point.second >= 3 && point.second <= 8) << point.second;
  }
}

TEST(Results, WhatARejoinedWorkerDeliversLateCountsWhereItBelongs) {
  Journal journal(2);
  for (std::uint32_t s = 0; s < 2; ++s) {
    journal.Deliver(0, s, {.succeeded = 1});
    journal.Deliver(1, s, {.succeeded = 1});
  }
  journal.Must(Journal::Lost(1), 4);
  for (std::uint32_t s = 2; s < 30; ++s) journal.Deliver(0, s, {.succeeded = 1});
  journal.Must(Journal::Joined(1), 30);
  journal.Must(journal.Snapshot(1, 2, {.succeeded = 9}), 30.1);  // settled long ago
  journal.Must(journal.Snapshot(1, 25, {.succeeded = 5, .response = milliseconds(700)}), 30.2);
  const Results& results = journal.results;
  EXPECT_EQ(results.series()[2].requests, 10U);
  EXPECT_TRUE(results.series()[2].degraded);
  EXPECT_EQ(results.series()[25].requests, 6U);
  EXPECT_NEAR(Millis(*results.series()[25].p50), 700, 1);
  EXPECT_EQ(results.Total().requests(), 2U + 30U + 9U + 5U);
  EXPECT_EQ(results.workers().at(1).rejoined, 1U);
  EXPECT_FALSE(results.workers().at(1).lost);
}

TEST(Results, AnIndexThatIsGivenAnewBelongsToTheNewSession) {
  Journal journal(1);
  journal.Deliver(0, 0, {.succeeded = 1});
  v1::JournalRecord joined = Journal::Joined(1);
  joined.mutable_joined()->set_session(7);
  joined.mutable_joined()->set_place(1);
  journal.Must(joined, 1.2);
  v1::JournalRecord finished;  // it left before it had measured anything
  finished.mutable_finished()->set_worker(1);
  journal.Must(finished, 1.3);
  EXPECT_TRUE(journal.results.workers().at(1).compared);
  joined.mutable_joined()->set_session(8);
  joined.mutable_joined()->set_replaces(0);
  journal.Must(joined, 1.4);
  const Worker& worker = journal.results.workers().at(1);
  EXPECT_EQ(worker.session, 8U);
  EXPECT_FALSE(worker.compared);
  EXPECT_FALSE(worker.replaced);
  EXPECT_EQ(worker.rejoined, 0U);
  EXPECT_EQ(worker.place, 1U);
  EXPECT_TRUE(journal.results.workers().at(0).replaced);
}

TEST(Results, AWorkerThatComesLateHoldsNobodyUp) {
  Journal journal(1);
  journal.Deliver(0, 0, {.succeeded = 1});
  journal.Must(Journal::Joined(5), 1.5);
  journal.Deliver(0, 1, {.succeeded = 1});
  EXPECT_EQ(journal.results.complete_second(), 1U);
  journal.Deliver(5, 2, {.users = 3});
  EXPECT_EQ(journal.results.series()[2].users, 3U);
  EXPECT_EQ(journal.results.series()[1].users, 10U);
}

TEST(Results, RecentCoversTheNewestCompleteSecondsOnly) {
  Journal journal(2);
  for (std::uint32_t s = 0; s < 20; ++s) {
    journal.Deliver(0, s, {.succeeded = 1, .failed = 1});
    if (s < 15) journal.Deliver(1, s, {.succeeded = 2, .endpoint = 1});
  }
  EXPECT_EQ(journal.results.Recent(3).count(), 3U * 4);
  EXPECT_EQ(journal.results.Recent(100).count(), 10U * 4);
  std::uint32_t covered = 0;
  const std::vector<Counts> counts = journal.results.RecentCounts(covered);
  EXPECT_EQ(covered, 10U);
  EXPECT_EQ(counts[0].requests, 20U);
  EXPECT_EQ(counts[0].failures, 10U);
  EXPECT_EQ(counts[1].requests, 20U);
}

TEST(Results, DifferingTotalsAtTheEndAreNoted) {
  for (const bool differ : {false, true}) {
    Journal journal;
    journal.Deliver(0, 0, {.succeeded = 3});
    journal.Deliver(0, 1, {.succeeded = 4, .last = true});
    v1::JournalRecord record;
    v1::WorkerFinished& finished = *record.mutable_finished();
    *finished.mutable_ours() = journal.results.workers().at(0).totals;
    *finished.mutable_theirs() = finished.ours();
    EXPECT_EQ(finished.ours().succeeded(), 7U);
    if (differ) finished.mutable_theirs()->set_digest(1);
    journal.Must(record, 3);
    EXPECT_EQ(journal.results.workers().at(0).totals_differ, differ);
    EXPECT_TRUE(journal.results.workers().at(0).finished);
  }
}

TEST(Results, ARestartedWorkerBeginsItsTotalsAnew) {
  Journal journal;
  journal.Deliver(0, 0, {.succeeded = 3});
  v1::JournalRecord record = journal.Snapshot(0, 1, {.succeeded = 5});
  record.mutable_snapshot()->mutable_snapshot()->set_session(999);
  record.mutable_snapshot()->mutable_snapshot()->set_sequence(1);
  journal.Must(record, 2);
  EXPECT_EQ(journal.results.workers().at(0).totals.succeeded(), 5U);
  EXPECT_EQ(journal.results.Total().succeeded, 8U);
}

TEST(Results, RefuseRecordsThatCannotBeAndStayAsTheyWere) {
  Journal journal;
  journal.Deliver(0, 0, {.succeeded = 3});
  const auto snapshot = [&](auto spoil) {
    v1::JournalRecord record = journal.Snapshot(0, 1, {.succeeded = 2});
    spoil(*record.mutable_snapshot());
    return record;
  };
  v1::JournalRecord again;
  again.mutable_run()->set_run(7);
  v1::JournalRecord finished;
  finished.mutable_finished()->set_worker(9);
  const struct {
    v1::JournalRecord record;
    const char* message;
  } cases[] = {
      {again, "a run starts twice"},
      {v1::JournalRecord(), "a journal record of an unknown kind"},
      {Journal::Lost(9), "worker 9 has not joined"},
      {finished, "worker 9 has not joined"},
      {snapshot([](auto& r) { r.set_worker(9); }), "worker 9 has not joined"},
      {snapshot([](auto& r) { r.mutable_snapshot()->set_run(8); }),
       "worker 0: a snapshot of another run"},
      {snapshot([](auto& r) { r.mutable_snapshot()->set_sequence(1); }),
       "worker 0: snapshot 1 comes twice"},
      {snapshot([](auto& r) { r.mutable_snapshot()->set_interval(4'000'000'000); }),
       "worker 0: a snapshot from the future"},
      {snapshot([](auto& r) { r.mutable_snapshot()->mutable_endpoints(0)->set_endpoint(2); }),
       "worker 0: unknown endpoint 2"},
      {snapshot([](auto& r) { r.mutable_snapshot()->mutable_endpoints(0)->set_started(1); }),
       "worker 0: more requests completed than started"},
      {Journal::LevelEnd(3), "a level ends that has not begun"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Message(journal.Apply(c.record, 2)), c.message);
    EXPECT_EQ(journal.results.Total().requests(), 3U) << c.message;
    EXPECT_EQ(journal.results.series().size(), 1U) << c.message;
  }
  Results empty;
  EXPECT_EQ(Message(empty.Apply(Journal::Joined(0))), "a run's first record must be its start");
}

}  // namespace
}  // namespace sfp::results
