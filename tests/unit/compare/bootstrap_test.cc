#include "master/compare/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "common/base/rng.h"
#include "common/stats/histogram.h"

namespace sfp::compare {
namespace {

// A server whose latency wanders from second to second (an autoregressive level, correlation 0.7
// and a deviation of 5 %), with a collection of garbage every 20 s or so that slows a second down,
// log-normal response times around it and some failures; three endpoints.
struct Server {
  double latency = 1;   // factor
  double p95_only = 1;  // of what is slower than the 90th percentile
  double failures = 0.002;
  double rate = 1;
};

// Standard normal values, drawn from a table of quantiles: a test needs millions of them.
double Normal(Rng& rng) {
  static const std::vector<double> kTable = [] {
    std::mt19937_64 random(1);
    std::normal_distribution<double> normal;
    std::vector<double> table(1 << 16);
    for (double& value : table) value = normal(random);
    return table;
  }();
  return kTable[rng.Next() >> 48];
}

std::vector<Track> Run(std::uint64_t seed, const Server& server, std::size_t seconds) {
  Rng rng(seed);
  const double shares[] = {60, 30, 15};
  const double base_us[] = {20'000, 45'000, 8'000};
  std::vector<Track> tracks(4, Track(seconds));
  double level = Normal(rng) * 0.05;
  for (std::size_t s = 0; s < seconds; ++s) {
    level = 0.7 * level + std::sqrt(1 - 0.49) * 0.05 * Normal(rng);
    const double pause = rng.Uniform() < 0.05 ? 1.3 : 1;
    std::map<std::uint32_t, std::uint64_t> all;
    for (std::size_t e = 0; e < 3; ++e) {
      // A slow second serves fewer: a closed model.
      const double expected = shares[e] * server.rate * std::exp(-level) / pause;
      std::map<std::uint32_t, std::uint64_t> buckets;
      Unit& unit = tracks[e][s];
      unit.requests =
          static_cast<std::uint64_t>(std::max(0.0, expected + std::sqrt(expected) * Normal(rng)));
      const double scale_us = base_us[e] * server.latency * pause * std::exp(level);
      for (std::uint64_t i = 0; i < unit.requests; ++i) {
        const double z = Normal(rng);
        const double us = scale_us * std::exp(0.6 * z) * (z > 1.28 ? server.p95_only : 1);
        ++buckets[stats::Histogram::IndexOf(static_cast<std::uint64_t>(us))];
        unit.failures += rng.Uniform() < server.failures ? 1 : 0;
      }
      for (const auto& [bucket, n] : buckets) {
        unit.response.push_back({bucket, n});
        all[bucket] += n;
      }
      tracks[3][s].requests += unit.requests;
      tracks[3][s].failures += unit.failures;
    }
    for (const auto& [bucket, n] : all) tracks[3][s].response.push_back({bucket, n});
  }
  return tracks;
}

std::vector<Difference> CompareServers(std::uint64_t seed, const Server& a, const Server& b,
                                       std::size_t seconds, std::uint32_t draws = 200) {
  const Pair pair{.a = Run(2 * seed, a, seconds), .b = Run(2 * seed + 1, b, seconds)};
  return Compare(std::span(&pair, 1), seed, draws);
}

TEST(Bootstrap, OfAHundredPairsOfEqualRunsAtMostFiveDiffer) {
  int differ = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto all = CompareServers(seed, {}, {}, 120);
    differ +=
        std::any_of(all.begin(), all.end(), [](const Difference& d) { return d.significant(); });
  }
  EXPECT_LE(differ, 5);
}

// Six minutes of seconds that are correlated at 0.7: in four, 43 of these 50 are found, since
// intervals are as wide as not to call equal runs different (README).
TEST(Bootstrap, TenPercentMoreP95AreFoundInNineOfTenPairs) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    for (const Difference& d : CompareServers(1000 + seed, {}, {.p95_only = 1.1}, 360)) {
      if (d.endpoint == 0 && d.figure == Figure::kP95) found += d.significant() && *d.low > 0;
    }
  }
  EXPECT_GE(found, 45);
}

}  // namespace
}  // namespace sfp::compare
