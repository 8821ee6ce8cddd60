#include "master/capacity/batch_means.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/base/rng.h"

namespace sfp::capacity {
namespace {

using Batches = std::vector<RatioBatch>;

TEST(BatchMeans, JoinsToAtLeastTenOfEqualLengthAndLeavesTheFirstOut) {
  EXPECT_TRUE(Join(Batches(9)).empty());
  EXPECT_EQ(Join(Batches(10)).size(), 10u);
  EXPECT_EQ(Join(Batches(19)).size(), 19u);
  EXPECT_EQ(Join(Batches(64)).size(), 10u);
  Batches batches(25, {1, 1});
  batches[0].y = 100;
  const Batches joined = Join(batches);
  EXPECT_EQ(joined.size(), 12u);
  EXPECT_EQ(joined.front().y, 2);
  EXPECT_EQ(joined.front().x, 2);
}

TEST(BatchMeans, OfWhatDoesNotVaryHaveNoWidth) {
  const auto estimate = RatioOf(Batches(20, {7, 2}));
  ASSERT_TRUE(estimate);
  EXPECT_DOUBLE_EQ(estimate->value, 3.5);
  EXPECT_DOUBLE_EQ(estimate->half_width, 0);
}

TEST(BatchMeans, CannotBeTakenOfTooFewOrOfNothing) {
  EXPECT_FALSE(RatioOf(Batches(9, {7, 2})));
  EXPECT_FALSE(RatioOf(Batches(20, {0, 0})));
}

// A sum over requests that hang together: each second's level follows the last one's (first-order
// autoregression, 0.5). 95 % of the intervals should hold the truth; Law and Kelton find 2 to 5 %
// fewer with batches as short as these.
TEST(BatchMeans, HoldTheTruthAboutAsOftenAsTheyPromise) {
  constexpr int kRuns = 400;
  int held_rate = 0, held_mean = 0;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    Rng rng(seed);
    Batches rate, mean;
    double level = 0;
    for (int s = 0; s < 120; ++s) {
      level = 0.5 * level + 4 * (rng.Uniform() - 0.5);
      const double requests = 40 + level + 10 * (rng.Uniform() - 0.5);
      rate.push_back({requests, 1});
      double sum = 0;
      for (int i = 0; i < 40; ++i) sum += rng.Exponential(0.2);
      mean.push_back({sum / 40 * requests, requests});
    }
    const auto r = RatioOf(rate), m = RatioOf(mean);
    ASSERT_TRUE(r && m);
    held_rate += r->low() <= 40 && 40 <= r->high();
    held_mean += m->low() <= 0.2 && 0.2 <= m->high();
  }
  RecordProperty("rate", held_rate);
  RecordProperty("mean", held_mean);
  EXPECT_GE(held_rate, kRuns * 90 / 100);
  EXPECT_LE(held_rate, kRuns * 99 / 100);
  EXPECT_GE(held_mean, kRuns * 91 / 100);
  EXPECT_LE(held_mean, kRuns * 99 / 100);
}

}  // namespace
}  // namespace sfp::capacity
