// The pool model in virtual time against the exact closed queue, at every level of the old table.

#include "tests/support/closed_queue.h"

#include <gtest/gtest.h>

#include <queue>

#include "tests/demo_api/pool.h"

namespace sfp::demo {
namespace {

constexpr double kThink = 2.55;
constexpr double kService = 0.17;

enum class Think { kUniform, kExponential };

void PrintTo(Think think, std::ostream* out) {
  *out << (think == Think::kUniform ? "uniform" : "exponential");
}

struct Measured {
  double throughput = 0;
  double response_s = 0;
};

// `users` users, each of which thinks, asks and waits, until `requests` were measured after a
// warm-up.
Measured Simulate(int users, Think think, int requests) {
  Pool pool({.service = FromSeconds(kService), .seed = 42});
  Rng rng(1);
  const auto draw = [&] {
    return FromSeconds(think == Think::kUniform ? 0.1 + 4.9 * rng.Uniform()
                                                : rng.Exponential(kThink));
  };
  std::priority_queue<Time, std::vector<Time>, std::greater<>> thinking;
  for (int i = 0; i < users; ++i) thinking.push(Time() + draw());
  std::vector<Time> entered;
  std::vector<Pool::Outcome> outcomes;
  const int warm_up = requests / 4 + 2 * users;
  Time from;
  double waited_s = 0;
  for (int done = 0; done < warm_up + requests;) {
    outcomes.clear();
    if (!thinking.empty() && thinking.top() < pool.NextEvent()) {
      const Time now = thinking.top();
      thinking.pop();
      pool.Enter(entered.size(), now);
      entered.push_back(now);
      continue;
    }
    pool.Advance(pool.NextEvent(), outcomes);
    for (const Pool::Outcome& outcome : outcomes) {
      EXPECT_FALSE(outcome.killed);
      if (done++ == warm_up) from = outcome.at, waited_s = 0;
      waited_s += Seconds(outcome.at - entered[outcome.id]);
      thinking.push(outcome.at + draw());
      if (done == warm_up + requests) {
        return {(requests - 1) / Seconds(outcome.at - from), waited_s / requests};
      }
    }
  }
  return {};
}

TEST(ClosedQueueTest, TheExactSolutionIsTheOldTable) {
  struct Row {
    int users;
    double rps, rps_digits;
    double response_s, response_digits;
  };
  // As the design states them, to the digits that it gives.
  for (const Row& row : {Row{10, 3.7, 0.05, 0.170, 0.0005}, Row{100, 33.9, 0.05, 0.403, 0.0005},
                         Row{500, 35.3, 0.05, 11.6, 0.05}, Row{2000, 35.3, 0.05, 54.1, 0.05}}) {
    const support::ClosedQueue exact = support::SolveClosedQueue(row.users, kThink, 6, kService);
    EXPECT_NEAR(exact.throughput, row.rps, row.rps_digits) << row.users;
    EXPECT_NEAR(exact.response_s, row.response_s, row.response_digits) << row.users;
    EXPECT_NEAR(exact.throughput * (exact.response_s + kThink), row.users, 1e-6 * row.users);
  }
}

TEST(ClosedQueueTest, OneServerAndOneUserIsElementary) {
  const support::ClosedQueue exact = support::SolveClosedQueue(1, 3, 1, 1);
  EXPECT_NEAR(exact.throughput, 0.25, 1e-12);
  EXPECT_NEAR(exact.response_s, 1, 1e-12);
}

class PoolAgainstClosedQueueTest : public ::testing::TestWithParam<Think> {};

TEST_P(PoolAgainstClosedQueueTest, EveryLevelIsWithinThreeAndFivePercent) {
  for (const int users : {10, 20, 30, 50, 100, 500, 1000, 1500, 2000}) {
    const support::ClosedQueue exact = support::SolveClosedQueue(users, kThink, 6, kService);
    const Measured measured = Simulate(users, GetParam(), 30'000);
    EXPECT_NEAR(measured.throughput, exact.throughput, 0.03 * exact.throughput) << users;
    EXPECT_NEAR(measured.response_s, exact.response_s, 0.05 * exact.response_s) << users;
  }
}

INSTANTIATE_TEST_SUITE_P(ThinkTimes, PoolAgainstClosedQueueTest,
                         ::testing::Values(Think::kUniform, Think::kExponential));

}  // namespace
}  // namespace sfp::demo
