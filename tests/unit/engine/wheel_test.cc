#include "worker/engine/wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/rng.h"

namespace sfp::engine {
namespace {

using Log = std::vector<std::pair<int, Time>>;

class Bell : public Timer {
 public:
  Bell(int id, Log& log) : id_(id), log_(log) {}
  void OnTimer(Time now) override {
    EXPECT_LE(due(), now);
    EXPECT_FALSE(scheduled());
    log_.emplace_back(id_, due());
    if (then) then->first->Schedule(*this, then->second);
    if (cancels != nullptr) cancels->Cancel(*victim);
  }

  std::optional<std::pair<Wheel*, Time>> then;
  Wheel* cancels = nullptr;
  Timer* victim = nullptr;

 private:
  int id_;
  Log& log_;
};

Time At(double ms) { return Time(FromSeconds(1000.0 + ms * 1e-3)); }

TEST(Wheel, FiresAtTheExactDueTimeAndNeverBefore) {
  Wheel wheel(At(0));
  Log log;
  Bell bell(1, log);
  wheel.Schedule(bell, At(3.25));
  EXPECT_EQ(wheel.NextDue(), At(3.25));
  wheel.Advance(At(3.25) - Duration(1));
  EXPECT_TRUE(log.empty());
  wheel.Advance(At(3.25));
  EXPECT_EQ(log, (Log{{1, At(3.25)}}));
  EXPECT_EQ(wheel.size(), 0u);
  EXPECT_EQ(wheel.NextDue(), kNever);
}

TEST(Wheel, FiresInOrderOfDueTimeThenOfScheduling) {
  Wheel wheel(At(0));
  Log log;
  std::vector<std::unique_ptr<Bell>> bells;
  const double due[] = {5, 0.02, 0.01, 70'000, 5, 0.01, 300, 5};
  for (int i = 0; i < 8; ++i) {
    bells.push_back(std::make_unique<Bell>(i, log));
    wheel.Schedule(*bells.back(), At(due[i]));
  }
  wheel.Advance(At(100'000));
  std::vector<int> order;
  for (const auto& [id, t] : log) order.push_back(id);
  EXPECT_EQ(order, (std::vector<int>{2, 5, 1, 0, 4, 7, 6, 3}));
}

TEST(Wheel, ATimerInThePastFiresInTheNextAdvanceOnly) {
  Wheel wheel(At(10));
  Log log;
  Bell bell(1, log);
  bell.then = {&wheel, At(2)};
  wheel.Schedule(bell, At(1));
  EXPECT_LE(wheel.NextDue(), At(10));
  wheel.Advance(At(10));
  EXPECT_EQ(log.size(), 1u);
  bell.then.reset();
  wheel.Advance(At(10));
  EXPECT_EQ(log, (Log{{1, At(1)}, {1, At(2)}}));
}

TEST(Wheel, CancelledAndDestroyedTimersDoNotFire) {
  Wheel wheel(At(0));
  Log log;
  Bell cancelled(1, log), moved(2, log), killer(3, log), victim(4, log);
  wheel.Schedule(cancelled, At(1));
  wheel.Schedule(moved, At(1));
  wheel.Schedule(killer, At(1.5));
  wheel.Schedule(victim, At(2));
  killer.cancels = &wheel;
  killer.victim = &victim;
  {
    Bell destroyed(5, log);
    wheel.Schedule(destroyed, At(1));
  }
  wheel.Cancel(cancelled);
  wheel.Cancel(cancelled);
  wheel.Schedule(moved, At(40));
  wheel.Advance(At(30));
  EXPECT_EQ(log, (Log{{3, At(1.5)}}));
  wheel.Advance(At(50));
  EXPECT_EQ(log, (Log{{3, At(1.5)}, {2, At(40)}}));
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(Wheel, TimersOutliveTheirWheel) {
  Log log;
  Bell bell(1, log);
  {
    Wheel wheel(At(0));
    wheel.Schedule(bell, At(7));
    EXPECT_TRUE(bell.scheduled());
  }
  EXPECT_FALSE(bell.scheduled());
}

// A loop that sleeps until NextDue, against a sorted list of what should fire.
TEST(Wheel, AgreesWithASortedListUnderRandomScheduling) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    Time now = At(0);
    Wheel wheel(now);
    Log log;
    std::vector<std::unique_ptr<Bell>> bells;
    std::vector<std::tuple<Time, int>> expected;  // a bell's number grows as it is scheduled
    int id = 0;
    for (int step = 0; step < 200; ++step) {
      for (std::uint64_t n = rng.Below(5); n > 0; --n) {
        // From nanoseconds to days.
        const Time due = now + Duration(rng.Below(std::uint64_t{1} << (1 + rng.Below(47))));
        bells.push_back(std::make_unique<Bell>(id, log));
        wheel.Schedule(*bells.back(), due);
        expected.emplace_back(due, id++);
      }
      if (!expected.empty() && rng.Below(4) == 0) {
        const std::size_t which = rng.Below(expected.size());
        wheel.Cancel(*bells[std::get<1>(expected[which])]);
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(which));
      }
      const Time earliest = expected.empty()
                                ? kNever
                                : std::get<0>(*std::min_element(expected.begin(), expected.end()));
      ASSERT_LE(wheel.NextDue(), earliest);
      ASSERT_EQ(wheel.NextDue() == kNever, expected.empty());
      if (expected.empty()) continue;
      now = std::max(now, rng.Below(2) == 0 ? wheel.NextDue() : earliest);
      log.clear();
      wheel.Advance(now);
      std::sort(expected.begin(), expected.end());
      Log due;
      while (!expected.empty() && std::get<0>(expected.front()) <= now) {
        due.emplace_back(std::get<1>(expected.front()), std::get<0>(expected.front()));
        expected.erase(expected.begin());
      }
      ASSERT_EQ(log, due);
      ASSERT_EQ(wheel.size(), expected.size());
    }
  }
}

TEST(Wheel, FiftyThousandUsersOfAMillisecondGridWakeAtTheirTimesWithFewWakeUps) {
  constexpr int kUsers = 50'000;
  Wheel wheel(At(0));
  Log log;
  log.reserve(kUsers);
  std::vector<std::unique_ptr<Bell>> bells;
  Rng rng(1);
  for (int i = 0; i < kUsers; ++i) {
    bells.push_back(std::make_unique<Bell>(i, log));
    wheel.Schedule(*bells.back(), At(100 + std::floor(rng.Uniform() * 4900)));
  }
  int wake_ups = 0;
  Time now = At(0);
  Duration latest{0};
  while (wheel.size() > 0) {
    now = std::max(now, wheel.NextDue());
    const std::size_t before = log.size();
    wheel.Advance(now);
    for (std::size_t i = before; i < log.size(); ++i)
      latest = std::max(latest, now - log[i].second);
    ++wake_ups;
  }
  EXPECT_EQ(log.size(), static_cast<std::size_t>(kUsers));
  EXPECT_EQ(latest, Duration(0));
  // One for each due time, and one for each slot of level 1, 17 ms wide.
  EXPECT_LE(wake_ups, 4'900 + 300);
}

}  // namespace
}  // namespace sfp::engine
