#include "master/capacity/goal_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "common/base/rng.h"
#include "master/capacity/closed_queue.h"
#include "master/capacity/goal.h"

namespace sfp::capacity {
namespace {

using Kind = GoalAnswer::Kind;
using Truth = std::function<double(double load)>;

// Six servers of 170 ms behind users who think 2.55 s: mean response time over what is allowed.
Truth Queue(double allowed_s) {
  return [allowed_s](double users) { return Solve({6, 0.17}, users, 2.55).response_s / allowed_s; };
}

double CrossingOf(const Truth& truth, double most) {
  double low = 1, high = most;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (truth(middle) < 1 ? low : high) = middle;
  }
  return low;
}

struct Search {
  GoalAnswer answer;
  std::vector<GoalStep> steps;
};

// Each step off by a normal error of so many parts.
Search Play(const GoalSearch::Range& range, const Truth& truth, double noise, std::uint64_t seed) {
  Rng rng(seed);
  const GoalSearch search(range);
  Search out;
  while ((out.answer = search.Answer(out.steps)).kind == Kind::kSearching) {
    double error = -6;
    for (int i = 0; i < 12; ++i) error += rng.Uniform();
    const double figure = truth(out.answer.next) * std::exp(noise * error);
    out.steps.push_back(
        {out.answer.next, std::isfinite(figure) ? std::optional(figure) : std::nullopt});
    if (out.steps.size() > GoalSearch::kMostSteps) break;
  }
  return out;
}

constexpr GoalSearch::Range kUsers{.start = 10, .least = 1, .most = 10'000};

TEST(GoalSearch, FindsTheTrueValueToFivePercentThroughFivePercentOfNoise) {
  for (const double allowed_s : {0.3, 0.5, 2.0, 10.0}) {
    const Truth truth = Queue(allowed_s);
    const double crossing = CrossingOf(truth, kUsers.most);
    int right = 0, held = 0;
    constexpr int kSeeds = 20;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Search search = Play(kUsers, truth, 0.05, seed);
      ASSERT_TRUE(search.answer.load && search.answer.ci95);
      right += std::abs(*search.answer.load / crossing - 1) <= 0.05;
      held += search.answer.ci95->low <= crossing && crossing <= search.answer.ci95->high;
      EXPECT_LE(search.steps.size(), GoalSearch::kMostSteps);
    }
    EXPECT_GE(right, 19) << allowed_s;
    EXPECT_GE(held, 17) << allowed_s;
    RecordProperty("right_" + std::to_string(allowed_s), right);
    RecordProperty("held_" + std::to_string(allowed_s), held);
  }
}

TEST(GoalSearch, WithoutNoiseTakesFewStepsAndIsExact) {
  const Search search = Play(kUsers, Queue(2), 0, 1);
  EXPECT_EQ(search.answer.kind, Kind::kFound);
  EXPECT_NEAR(*search.answer.load, CrossingOf(Queue(2), 1000), 2);
  EXPECT_LE(search.steps.size(), 14u);
}

TEST(GoalSearch, DescendsWhereTheFirstStepMisses) {
  const Truth truth = [](double users) { return users / 7.4; };
  const Search search = Play({.start = 100, .least = 1, .most = 1000}, truth, 0.01, 1);
  ASSERT_TRUE(search.answer.load);
  EXPECT_EQ(*search.answer.load, 7);
}

TEST(GoalSearch, SaysWhenTheGoalHoldsEverywhereOrNowhere) {
  const Search all = Play({.start = 10, .least = 1, .most = 100}, Queue(10), 0.05, 1);
  EXPECT_EQ(all.answer.kind, Kind::kAll);
  EXPECT_EQ(all.answer.load, 100);
  EXPECT_EQ(all.steps.back().load, 100);
  const Search none = Play(kUsers, Queue(0.1), 0.05, 1);
  EXPECT_EQ(none.answer.kind, Kind::kNone);
  EXPECT_FALSE(none.answer.load);
}

TEST(GoalSearch, AStepWithoutAnAnswerMisses) {
  const GoalSearch search(kUsers);
  std::vector<GoalStep> steps = {{10, 0.5}, {20, std::nullopt}};
  const GoalAnswer answer = search.Answer(steps);
  EXPECT_EQ(answer.kind, Kind::kSearching);
  EXPECT_GT(answer.next, 10);
  EXPECT_LT(answer.next, 20);
}

TEST(GoalSearch, EndsWithAWideIntervalWhereTheStepsSayNothing) {
  Rng rng(1);
  const Search search = Play(
      kUsers, [&](double) { return rng.Uniform() < 0.5 ? 0.5 : 2; }, 0, 1);
  EXPECT_NE(search.answer.kind, Kind::kSearching);
  EXPECT_NE(search.answer.kind, Kind::kFound);
}

// Six servers of 170 ms behind an open stream: 1 / (1 - load) is steep near the limit.
TEST(GoalSearch, StepsNearerWhereTheFigureIsSteep) {
  const double limit = 35.3;
  for (const double allowed : {1.0, 3.0, 10.0, 50.0}) {
    const Truth truth = [=](double rate) {
      return rate >= limit ? INFINITY : 0.17 / (1 - rate / limit) / allowed;
    };
    const double crossing = limit * (1 - 0.17 / allowed);
    int right = 0, held = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const Search search =
          Play({.start = 10, .least = 0.1, .most = 500, .whole = false}, truth, 0.05, seed);
      ASSERT_TRUE(search.answer.load && search.answer.ci95) << allowed;
      right += std::abs(*search.answer.load / crossing - 1) <= 0.05;
      held += search.answer.ci95->low <= crossing && crossing <= search.answer.ci95->high;
    }
    EXPECT_GE(right, 19) << allowed;
    EXPECT_GE(held, 17) << allowed;
  }
}

TEST(GoalFigure, IsMeasuredOverAllowed) {
  stats::EndpointStats stats;
  v1::Goal goal;
  goal.set_metric("p95");
  goal.set_value(200);
  EXPECT_FALSE(GoalFigure(goal, stats));
  for (int i = 1; i <= 100; ++i) stats.response.Record(std::chrono::milliseconds(i));
  stats.succeeded = 98;
  stats.failed = 2;
  EXPECT_NEAR(*GoalFigure(goal, stats), 0.475, 0.001);
  goal.set_metric("avg");
  EXPECT_NEAR(*GoalFigure(goal, stats), 0.2525, 0.001);
  goal.set_metric("failures");
  goal.set_value(1);
  EXPECT_NEAR(*GoalFigure(goal, stats), 2, 1e-9);
  stats.failed = 0;
  stats.succeeded = 100;
  EXPECT_NEAR(*GoalFigure(goal, stats), 0.1, 1e-9);
}

TEST(GoalFigure, OfARateCountsWhatWasNeverAnswered) {
  stats::EndpointStats stats;
  for (int i = 1; i <= 1000; ++i) stats.response.Record(std::chrono::milliseconds(i));
  stats.started = stats.succeeded = 1000;
  stats.dropped = 30;
  v1::Goal goal;
  goal.set_value(1000);
  goal.set_metric("p95");
  EXPECT_NEAR(*GoalFigure(goal, stats), 0.95, 0.001);  // users: what is dropped is not theirs
  goal.set_most_rate(100);
  EXPECT_NEAR(*GoalFigure(goal, stats), 0.95 * 1.03, 0.001);
  stats.dropped = 100;
  EXPECT_FALSE(GoalFigure(goal, stats));  // the 95th of a hundred was never answered
  stats.dropped = 5;
  goal.set_metric("avg");
  EXPECT_NEAR(*GoalFigure(goal, stats), 0.5, 0.001);
  stats.started = 1200;  // 200 more in flight than before
  EXPECT_FALSE(GoalFigure(goal, stats));
}

}  // namespace
}  // namespace sfp::capacity
