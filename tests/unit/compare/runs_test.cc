#include "master/compare/runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/results/journal.h"

namespace sfp::compare {
namespace {

using results::Journal;
using results::Work;
using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::RunStarted Started(std::vector<std::string> endpoints = {"first", "second"}) {
  v1::RunStarted run;
  run.set_run(7);
  run.set_sfp_version("1.0");
  for (const std::string& name : endpoints) run.add_endpoints()->set_name(name);
  return run;
}

// A run of so many seconds of 10 users, in each of which 40 requests took about as long.
struct Made {
  explicit Made(const v1::RunStarted& run, std::uint32_t seconds = 40,
                milliseconds response = milliseconds(100))
      : journal(run, 1) {
    for (std::uint32_t s = 0; s < seconds; ++s) {
      Work work{.succeeded = 40, .response = response + milliseconds(s % 3)};
      journal.Deliver(0, s, work);
    }
    journal.Finish(seconds);
  }
  Input input(std::string folder) {
    return {std::move(folder), &journal.results, journal.replay()};
  }
  Journal journal;
};

TEST(Runs, OfOneThingDifferInNothing) {
  Made a(Started()), b(Started());
  const auto found = CompareRuns(a.input("a"), b.input("b"));
  ASSERT_TRUE(found.ok()) << Message(found.status());
  EXPECT_FALSE(found->regression());
  ASSERT_EQ(found->stretches.size(), 1u);
  EXPECT_EQ(found->stretches[0].load, (Load{10, 0}));
  EXPECT_EQ(found->stretches[0].a_begin_s, 1u);  // users began in the second before
  EXPECT_EQ(found->stretches[0].a_end_s, 40u);
  EXPECT_EQ(found->endpoints, (std::vector<std::string>{"first", "second", "Aggregated"}));
  EXPECT_THAT(ToText(*found, a.input("a"), b.input("b")), HasSubstr("no significant regression"));
}

TEST(Runs, AThirdSlowerIsWorseAndTheOtherWayRoundBetter) {
  Made a(Started()), b(Started(), 40, milliseconds(130));
  const auto worse = CompareRuns(a.input("a"), b.input("b"));
  ASSERT_TRUE(worse.ok());
  EXPECT_TRUE(worse->regression());
  EXPECT_THAT(ToText(*worse, a.input("a"), b.input("b")),
              HasSubstr("p95 ms of first at 10 users: +29"));
  EXPECT_THAT(ToJson(*worse, a.input("a"), b.input("b")), HasSubstr("\"regression\": true"));
  const auto better = CompareRuns(b.input("b"), a.input("a"));
  ASSERT_TRUE(better.ok());
  EXPECT_FALSE(better->regression());
  EXPECT_TRUE(
      std::any_of(better->differences.begin(), better->differences.end(), Comparison::Better));
}

TEST(Runs, OfOtherScenariosVersionsAndConfigurationsSaySo) {
  v1::RunStarted run = Started({"first", "third"});
  run.set_sfp_version("1.1");
  run.set_resolved_config("other");
  Made a(Started()), b(run);
  const auto found = CompareRuns(a.input("a"), b.input("b"));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->endpoints, (std::vector<std::string>{"first", "Aggregated"}));
  EXPECT_THAT(found->notes, Contains("second is in A only"));
  EXPECT_THAT(found->notes, Contains("third is in B only"));
  EXPECT_THAT(found->notes, Contains("the configurations differ"));
  EXPECT_THAT(found->notes, Contains("A was measured by sfp 1.0, B by sfp 1.1"));
}

TEST(Runs, WithoutALoadInCommonCannotBeCompared) {
  Made a(Started()), few(Started(), 8);
  const auto short_one = CompareRuns(a.input("a"), few.input("b"));
  EXPECT_THAT(Message(short_one.status()),
              HasSubstr("10 users: only 7 steady seconds, 10 are needed"));
  Journal other(Started(), 1);
  for (std::uint32_t s = 0; s < 40; ++s) other.Deliver(0, s, {.users = 20, .succeeded = 40});
  other.Finish(40);
  const auto users = CompareRuns(a.input("a"), {"b", &other.results, other.replay()});
  EXPECT_THAT(Message(users.status()), HasSubstr("have no load in common"));
  Journal nothing(Started(), 1);
  nothing.Finish(1);
  EXPECT_FALSE(CompareRuns(a.input("a"), {"b", &nothing.results, nothing.replay()}).ok());
}

// Levels of a sweep by their users, of a search over rates by their rates.
TEST(Runs, LevelsAreComparedWithTheirLikes) {
  const auto sweep = [](bool rates, std::vector<std::uint32_t> loads) {
    auto journal = std::make_unique<Journal>(Started(), 1);
    std::uint32_t s = 0;
    for (const std::uint32_t load : loads) {
      journal->Must(rates ? Journal::Level(50, s, load) : Journal::Level(load, s), s);
      for (const std::uint32_t end = s + 15; s < end; ++s) {
        journal->Deliver(0, s, {.users = rates ? 50 : load, .succeeded = static_cast<int>(load)});
      }
      journal->Must(Journal::LevelEnd(s), s);
    }
    journal->Finish(s);
    return journal;
  };
  for (const bool rates : {false, true}) {
    const auto a = sweep(rates, {10, 20, 40}), b = sweep(rates, {20, 30, 40, 40});
    const auto found =
        CompareRuns({"a", &a->results, a->replay()}, {"b", &b->results, b->replay()});
    ASSERT_TRUE(found.ok()) << Message(found.status());
    ASSERT_EQ(found->stretches.size(), 2u);
    EXPECT_EQ(found->stretches[0].load, rates ? (Load{0, 20}) : (Load{20, 0}));
    EXPECT_EQ(found->stretches[1].load, rates ? (Load{0, 40}) : (Load{40, 0}));
    EXPECT_EQ(found->stretches[0].a_begin_s, 15u);
    EXPECT_EQ(found->stretches[0].b_begin_s, 0u);
    EXPECT_FALSE(found->regression());
  }
}

TEST(Runs, DegradedSecondsAreLeftOut) {
  const auto made = [](bool lost) {
    auto journal = std::make_unique<Journal>(Started(), 2);
    for (std::uint32_t s = 0; s < 40; ++s) {
      const bool away = lost && s >= 20 && s < 25;
      if (lost && s == 20) journal->Must(Journal::Lost(1), 20.5);
      if (lost && s == 25) {
        v1::JournalRecord back = Journal::Joined(1);
        back.mutable_joined()->set_again(true);
        journal->Must(back, 25);
      }
      journal->Deliver(
          0, s,
          {.users = 5, .succeeded = 40, .response = away ? milliseconds(900) : milliseconds(100)});
      if (!away) journal->Deliver(1, s, {.users = 5, .succeeded = 40});
    }
    journal->Finish(40);
    return journal;
  };
  const auto a = made(false), b = made(true);
  const auto found = CompareRuns({"a", &a->results, a->replay()}, {"b", &b->results, b->replay()});
  ASSERT_TRUE(found.ok()) << Message(found.status());
  for (const Difference& d : found->differences) {
    if (d.figure != Figure::kP95 || !d.b) continue;
    EXPECT_LT(*d.b, 110);
  }
}

}  // namespace
}  // namespace sfp::compare
