// Outbox and Inbox alone, and both over a link that cuts, repeats and delays.

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "common/base/rng.h"
#include "common/session/inbox.h"
#include "common/session/outbox.h"

namespace sfp::session {
namespace {

v1::Snapshot Numbered(std::uint32_t interval) {
  v1::Snapshot snapshot;
  snapshot.set_interval(interval);
  return snapshot;
}

std::vector<std::uint64_t> SendAll(Outbox& outbox) {
  std::vector<std::uint64_t> sent;
  while (const v1::Snapshot* next = outbox.Next()) sent.push_back(next->sequence());
  return sent;
}

TEST(OutboxTest, NumbersFromOneInOrder) {
  Outbox outbox;
  for (int i = 0; i < 3; ++i) outbox.Add(Numbered(i));
  EXPECT_EQ(SendAll(outbox), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(outbox.Next(), nullptr);
  EXPECT_EQ(outbox.recorded(), 3u);
}

TEST(OutboxTest, KeepsWhatIsNotAcknowledged) {
  Outbox outbox;
  for (int i = 0; i < 3; ++i) outbox.Add(Numbered(i));
  SendAll(outbox);
  ASSERT_TRUE(outbox.Acknowledge(2).ok());
  EXPECT_EQ(outbox.unacknowledged(), 1u);
  EXPECT_EQ(outbox.recorded(), 3u);
  ASSERT_TRUE(outbox.Acknowledge(1).ok());  // late: nothing changes
  EXPECT_EQ(outbox.unacknowledged(), 1u);
  ASSERT_TRUE(outbox.Acknowledge(3).ok());
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(OutboxTest, ResumptionSendsAgainWhatTheReceiverHasNot) {
  Outbox outbox;
  for (int i = 0; i < 5; ++i) outbox.Add(Numbered(i));
  SendAll(outbox);
  ASSERT_TRUE(outbox.Acknowledge(2).ok());
  ASSERT_TRUE(outbox.Resume(3).ok());
  EXPECT_EQ(SendAll(outbox), (std::vector<std::uint64_t>{4, 5}));
}

TEST(OutboxTest, SendsAtMostItsWindow) {
  Outbox outbox({.window = 2});
  for (int i = 0; i < 5; ++i) outbox.Add(Numbered(i));
  EXPECT_EQ(SendAll(outbox), (std::vector<std::uint64_t>{1, 2}));
  ASSERT_TRUE(outbox.Acknowledge(1).ok());
  EXPECT_EQ(SendAll(outbox), (std::vector<std::uint64_t>{3}));
}

TEST(OutboxTest, IsFullAboveItsBytesAndNotWhenAcknowledged) {
  Outbox outbox({.window = 100, .most_bytes = 100});
  while (!outbox.full()) outbox.Add(Numbered(7));
  EXPECT_GT(outbox.bytes(), 100u);
  SendAll(outbox);
  ASSERT_TRUE(outbox.Acknowledge(1).ok());
  EXPECT_FALSE(outbox.full());
}

TEST(OutboxTest, RefusesAcknowledgementsThatCannotBe) {
  Outbox outbox({.window = 2});
  for (int i = 0; i < 5; ++i) outbox.Add(Numbered(i));
  SendAll(outbox);
  EXPECT_FALSE(outbox.Acknowledge(3).ok());  // recorded, never sent
  EXPECT_FALSE(outbox.Resume(6).ok());
  ASSERT_TRUE(outbox.Acknowledge(2).ok());
  EXPECT_FALSE(outbox.Resume(1).ok());  // the receiver forgot what it had
  EXPECT_EQ(outbox.acknowledged(), 2u);
}

TEST(InboxTest, JudgesBySequenceAlone) {
  Inbox inbox;
  EXPECT_EQ(inbox.Judge(1), Inbox::Verdict::kNext);
  EXPECT_EQ(inbox.Judge(0), Inbox::Verdict::kGap);
  EXPECT_EQ(inbox.Judge(2), Inbox::Verdict::kGap);
  inbox.Accept();
  inbox.Accept();
  EXPECT_EQ(inbox.Judge(1), Inbox::Verdict::kDuplicate);
  EXPECT_EQ(inbox.Judge(2), Inbox::Verdict::kDuplicate);
  EXPECT_EQ(inbox.Judge(3), Inbox::Verdict::kNext);
  EXPECT_EQ(inbox.Judge(4), Inbox::Verdict::kGap);
}

// One stream: messages in order, some repeated; a cut loses what is under way in both directions.
struct Link {
  std::deque<std::uint64_t> snapshots, acks;
  void Cut() {
    snapshots.clear();
    acks.clear();
  }
};

class RandomLink : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomLink, DeliversEachSnapshotOnceAndInOrder) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  Rng rng(GetParam());
  Outbox outbox({.window = 1 + rng.Below(8)});
  Inbox inbox;
  Link link;
  std::vector<std::uint64_t> applied;
  const std::uint64_t total = 200;

  for (std::uint64_t step = 0; applied.size() < total; ++step) {
    ASSERT_LT(step, 100'000u);
    switch (rng.Below(step % 500 < 300 ? 6 : 5)) {  // calm phases without cuts
      case 0:
        if (outbox.recorded() < total) outbox.Add(Numbered(0));
        break;
      case 1:
        if (const v1::Snapshot* next = outbox.Next()) {
          const std::uint64_t times = 1 + (rng.Below(5) == 0);
          for (std::uint64_t i = 0; i < times; ++i) link.snapshots.push_back(next->sequence());
        }
        break;
      case 2:
      case 3:
        if (!link.snapshots.empty()) {
          const std::uint64_t sequence = link.snapshots.front();
          link.snapshots.pop_front();
          const Inbox::Verdict verdict = inbox.Judge(sequence);
          ASSERT_NE(verdict, Inbox::Verdict::kGap);
          if (verdict == Inbox::Verdict::kNext) {
            inbox.Accept();
            applied.push_back(sequence);
          }
          link.acks.push_back(inbox.applied());
        }
        break;
      case 4:
        if (!link.acks.empty()) {
          ASSERT_TRUE(outbox.Acknowledge(link.acks.front()).ok());
          link.acks.pop_front();
        }
        break;
      case 5:
        if (rng.Below(4) == 0) {
          link.Cut();
          ASSERT_TRUE(outbox.Resume(inbox.applied()).ok());
        }
        break;
    }
    ASSERT_LE(inbox.applied() - outbox.acknowledged(), outbox.unacknowledged());
  }
  for (std::uint64_t i = 0; i < total; ++i) ASSERT_EQ(applied[i], i + 1);
  EXPECT_EQ(inbox.applied(), outbox.recorded());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLink, testing::Range<std::uint64_t>(1, 51));

}  // namespace
}  // namespace sfp::session
