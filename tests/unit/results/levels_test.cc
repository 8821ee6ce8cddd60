// The rows of a sweep.

#include <gtest/gtest.h>

#include "master/results/results.h"
#include "tests/unit/results/journal.h"

namespace sfp::results {
namespace {

using std::chrono::milliseconds;

// Second s brings s + 1 requests.
void DeliverSeconds(Journal& journal, std::uint32_t from, std::uint32_t to) {
  for (std::uint32_t s = from; s < to; ++s) {
    journal.Deliver(
        0, s,
        {.succeeded = static_cast<int>(s + 1), .started_more = 1, .response = milliseconds(10)});
  }
}

std::uint64_t Sum(std::uint32_t from, std::uint32_t to) {
  std::uint64_t out = 0;
  for (std::uint32_t s = from; s < to; ++s) out += s + 1;
  return out;
}

TEST(Levels, ARunThatIsNoSweepHasNoRows) {
  Journal journal;
  DeliverSeconds(journal, 0, 5);
  EXPECT_TRUE(journal.results.rows().empty());
}

TEST(Levels, ARowHasTheSecondsBetweenItsBeginAndItsEnd) {
  Journal journal;
  DeliverSeconds(journal, 0, 2);
  journal.Must(Journal::Level(10, 2), 2.1);
  DeliverSeconds(journal, 2, 30);
  journal.Must(Journal::LevelEnd(30), 31);
  DeliverSeconds(journal, 30, 31);
  journal.Must(Journal::Level(20, 31), 32);
  DeliverSeconds(journal, 31, 40);
  const auto& rows = journal.results.rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].users, 10U);
  EXPECT_EQ(rows[0].begin_s, 2U);
  EXPECT_EQ(rows[0].end_s, 30U);
  EXPECT_EQ(rows[0].total.requests(), Sum(2, 30));
  EXPECT_EQ(rows[0].total.response.count(), Sum(2, 30));
  EXPECT_EQ(rows[0].per_second.size(), 28U);
  EXPECT_EQ(rows[0].per_second[3], 6U);
  EXPECT_NEAR(rows[0].response_sum_s[3], 0.06, 1e-9);
  EXPECT_EQ(rows[0].in_flight, 1U);
  EXPECT_FALSE(rows[1].end_s);
  EXPECT_EQ(rows[1].total.requests(), Sum(31, 40));
}

TEST(Levels, BeginAndEndMayBeToldAFewSecondsLate) {
  Journal journal;
  DeliverSeconds(journal, 0, 8);
  journal.Must(Journal::Level(10, 3), 8.1);
  EXPECT_EQ(journal.results.rows()[0].total.requests(), Sum(3, 8));
  DeliverSeconds(journal, 8, 25);
  journal.Must(Journal::LevelEnd(20), 25.1);
  EXPECT_EQ(journal.results.rows()[0].total.requests(), Sum(3, 20));
  EXPECT_EQ(journal.results.rows()[0].per_second.size(), 17U);
}

TEST(Levels, ASecondBeginCutsTheWarmUpHoweverLongItWas) {
  Journal journal;
  journal.Must(Journal::Level(10, 0), 0);
  DeliverSeconds(journal, 0, 100);
  EXPECT_EQ(journal.results.rows()[0].total.requests(), Sum(0, 100));
  journal.Must(Journal::Level(10, 95), 100);
  DeliverSeconds(journal, 100, 120);
  journal.Must(Journal::LevelEnd(120), 120);
  ASSERT_EQ(journal.results.rows().size(), 1U);
  EXPECT_EQ(journal.results.rows()[0].begin_s, 95U);
  EXPECT_EQ(journal.results.rows()[0].total.requests(), Sum(95, 120));
  EXPECT_EQ(journal.results.rows()[0].total.response.count(), Sum(95, 120));
}

TEST(Levels, LateDeliveriesReachTheRowOfTheirSecond) {
  Journal journal(2);
  journal.Must(Journal::Level(10, 0), 0);
  journal.Deliver(1, 0, {.succeeded = 1});
  journal.Must(Journal::Lost(1), 3);
  DeliverSeconds(journal, 0, 40);
  journal.Must(Journal::LevelEnd(40), 40);
  journal.Must(journal.Snapshot(1, 1, {.succeeded = 100}), 41);
  journal.Must(journal.Snapshot(1, 38, {.succeeded = 50}), 41);
  journal.Must(journal.Snapshot(1, 40, {.succeeded = 7}), 41);
  const Row& row = journal.results.rows()[0];
  EXPECT_EQ(row.total.requests(), Sum(0, 40) + 151);
  EXPECT_EQ(row.per_second[1], 102U);
  EXPECT_EQ(row.per_second[38], 89U);
  EXPECT_TRUE(row.degraded);
}

TEST(Levels, OnlyTheRowOfItsSecondKnowsOfAJumpOfTheClocks) {
  for (const std::uint32_t jump_s : {5u, 20u, 31u}) {
    Journal journal;
    const auto deliver = [&](std::uint32_t from, std::uint32_t to) {
      for (std::uint32_t s = from; s < to; ++s) {
        v1::JournalRecord record = journal.Snapshot(0, s, {.succeeded = 1});
        if (s == jump_s) {
          record.mutable_snapshot()->mutable_snapshot()->set_clock_step_ns(3'000'000'000);
        }
        journal.Must(record, s + 1.1);
      }
    };
    journal.Must(Journal::Level(10, 0), 0);
    deliver(0, 20);
    journal.Must(Journal::LevelEnd(20), 20);
    deliver(20, 22);  // a ramp
    journal.Must(Journal::Level(20, 22), 22);
    deliver(22, 60);
    EXPECT_EQ(journal.results.rows()[0].generator.jumps, jump_s < 20 ? 1u : 0u);
    EXPECT_EQ(journal.results.rows()[1].generator.jumps, jump_s >= 22 ? 1u : 0u);
    EXPECT_EQ(journal.results.generator().jumps, 1u);
  }
}

TEST(Levels, TheEndOfTheRunEndsTheOpenLevelAfterItsLastWholeSecond) {
  Journal journal;
  journal.Must(Journal::Level(10, 1), 1);
  DeliverSeconds(journal, 0, 6);
  journal.Deliver(0, 6, {.succeeded = 2, .last = true});  // a partial second
  v1::JournalRecord ended;
  ended.mutable_ended()->set_interrupted(true);
  journal.Must(ended, 6.4);
  EXPECT_EQ(journal.results.rows()[0].end_s, 6U);
  EXPECT_EQ(journal.results.rows()[0].total.requests(), Sum(1, 6));
  EXPECT_TRUE(journal.results.ended()->interrupted());
  EXPECT_EQ(Message(journal.Apply(ended, 7)), "a run ends twice");
}

TEST(Levels, RefuseBordersThatCannotBe) {
  Journal journal;
  DeliverSeconds(journal, 0, 30);
  EXPECT_EQ(Message(journal.Apply(Journal::Level(10, 5), 30)),
            "a level begins too far in the past");
  journal.Must(Journal::Level(10, 25), 30);
  EXPECT_EQ(Message(journal.Apply(Journal::Level(20, 28), 30)),
            "a level begins before the last one has ended");
  EXPECT_EQ(Message(journal.Apply(Journal::LevelEnd(24), 30)), "a level ends before it begins");
  journal.Must(Journal::LevelEnd(28), 30);
  EXPECT_EQ(Message(journal.Apply(Journal::Level(20, 27), 30)),
            "a level begins within the one before it");
  EXPECT_EQ(journal.results.rows().size(), 1U);
}

}  // namespace
}  // namespace sfp::results
