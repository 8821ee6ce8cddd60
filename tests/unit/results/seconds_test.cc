#include "master/results/seconds.h"

#include <gtest/gtest.h>

#include "tests/unit/results/journal.h"

namespace sfp::results {
namespace {

using Counts = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

// Each second that was visited, with its completed requests.
Counts Visit(const Journal& journal) {
  Counts out;
  const Status status = ForEachSecond(journal.replay(), [&](std::uint32_t second, Parts parts) {
    std::uint64_t requests = 0;
    for (const stats::Interval& part : parts) {
      for (const stats::EndpointStats& stats : part.endpoints) requests += stats.requests();
    }
    out.emplace_back(second, requests);
    return Ok();
  });
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

TEST(Seconds, ComeInOrderWithWhatEveryWorkerMeasured) {
  Journal journal(2);
  for (std::uint32_t s = 0; s < 3; ++s) {
    journal.Deliver(0, s, {.succeeded = 1});
    journal.Deliver(1, s, {.succeeded = 10});
  }
  EXPECT_EQ(Visit(journal), (Counts{{0, 11}, {1, 11}, {2, 11}}));
}

TEST(Seconds, WhatACutOffWorkerDeliversMinutesLateLiesWhereItBelongs) {
  Journal journal(2);
  journal.Deliver(0, 0, {.succeeded = 1});
  journal.Deliver(1, 0, {.succeeded = 10});
  for (std::uint32_t s = 1; s < 200; ++s) journal.Deliver(0, s, {.succeeded = 1});
  for (std::uint32_t s = 1; s < 200; ++s) {
    journal.Must(journal.Snapshot(1, s, {.succeeded = 10}), 200);
  }
  const Counts counts = Visit(journal);
  ASSERT_EQ(counts.size(), 200u);
  for (std::uint32_t s = 0; s < 200; ++s) EXPECT_EQ(counts[s], std::pair(s, std::uint64_t{11}));
}

TEST(Seconds, OneThatNobodyDeliveredIsVisitedEmpty) {
  Journal journal(1);
  journal.Deliver(0, 0, {.succeeded = 1});
  journal.Deliver(0, 3, {.succeeded = 4});
  EXPECT_EQ(Visit(journal), (Counts{{0, 1}, {1, 0}, {2, 0}, {3, 4}}));
}

TEST(Seconds, OfARunWithoutASnapshotThereAreNone) { EXPECT_EQ(Visit(Journal(1)), Counts{}); }

TEST(Seconds, AnErrorOfTheVisitorEndsIt) {
  Journal journal(1);
  for (std::uint32_t s = 0; s < 5; ++s) journal.Deliver(0, s, {.succeeded = 1});
  int visits = 0;
  const Status status = ForEachSecond(journal.replay(), [&](std::uint32_t second, Parts) {
    ++visits;
    return second == 2 ? Invalid("enough") : Ok();
  });
  EXPECT_EQ(Message(status), "enough");
  EXPECT_EQ(visits, 3);
}

TEST(Seconds, AJournalThatChangesMeanwhileIsAnError) {
  Journal journal(1);
  journal.Deliver(0, 0, {.succeeded = 1});
  int replays = 0;
  const Replay growing = [&](const auto& each) {
    if (++replays == 2) journal.Deliver(0, 1, {.succeeded = 1});
    return journal.replay()(each);
  };
  const Status status = ForEachSecond(growing, [](std::uint32_t, Parts) { return Ok(); });
  EXPECT_EQ(Message(status), "the journal has changed while it was read");
}

}  // namespace
}  // namespace sfp::results
