#include "master/capacity/stationarity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "common/base/rng.h"

namespace sfp::capacity {
namespace {

// Poisson counts with a mean that goes from `from` to `to`.
std::vector<std::uint64_t> Counts(std::uint64_t seed, std::size_t seconds, double from, double to) {
  Rng rng(seed);
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < seconds; ++i) {
    const double mean =
        from + (to - from) * static_cast<double>(i) / static_cast<double>(seconds - 1);
    std::uint64_t count = 0;
    for (double t = rng.Exponential(1 / mean); t < 1; t += rng.Exponential(1 / mean)) ++count;
    out.push_back(count);
  }
  return out;
}

std::vector<double> Sums(const std::vector<std::uint64_t>& counts, std::uint64_t seed, double from,
                         double to) {
  Rng rng(seed);
  std::vector<double> out;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double mean =
        from + (to - from) * static_cast<double>(i) / static_cast<double>(counts.size() - 1);
    double sum = 0;
    for (std::uint64_t k = 0; k < counts[i]; ++k) sum += rng.Exponential(mean);
    out.push_back(sum);
  }
  return out;
}

TEST(Stationarity, SteadySystemsPass) {
  int flagged = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto counts = Counts(seed, 60, 35, 35);
    flagged += ThroughputDrift(counts).has_value();
    flagged += ResponseDrift(counts, Sums(counts, seed, 0.4, 0.4)).has_value();
  }
  EXPECT_LE(flagged, 4);  // 1 % of 400
}

TEST(Stationarity, AGrowingQueueIsFound) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto counts = Counts(seed, 60, 35, 35);
    const auto drift = ResponseDrift(counts, Sums(counts, seed, 1, 10));
    ASSERT_TRUE(drift) << seed;
    EXPECT_NEAR(drift->first, 3.25, 1);
    EXPECT_NEAR(drift->second, 7.75, 1.5);
    EXPECT_TRUE(ThroughputDrift(Counts(seed, 60, 20, 60))) << seed;
  }
}

TEST(Stationarity, ASmallChangeDoesNotMatterHoweverSure) {
  std::vector<std::uint64_t> counts(100, 1000);
  for (std::size_t i = 50; i < 100; ++i) counts[i] = 1050;
  EXPECT_FALSE(ThroughputDrift(counts));
  for (std::size_t i = 50; i < 100; ++i) counts[i] = 1200;
  EXPECT_TRUE(ThroughputDrift(counts));
}

TEST(Stationarity, ShortOrEmptyWindowsAreNotJudged) {
  const std::vector<std::uint64_t> rising = {1, 2, 4, 8, 16, 32, 64, 128};
  EXPECT_FALSE(ThroughputDrift(rising));
  const std::vector<std::uint64_t> none(40, 0);
  const std::vector<double> no_sums(40, 0);
  EXPECT_FALSE(ThroughputDrift(none));
  EXPECT_FALSE(ResponseDrift(none, no_sums));
}

}  // namespace
}  // namespace sfp::capacity
