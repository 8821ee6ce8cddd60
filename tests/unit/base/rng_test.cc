#include "common/base/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace sfp {
namespace {

TEST(Rng, StreamsOfSeedUserAndIterationDiffer) {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t user = 0; user < 50; ++user) {
      for (std::uint64_t iteration = 0; iteration < 50; ++iteration) {
        first.insert(Rng(seed, user, iteration).Next());
      }
    }
  }
  EXPECT_EQ(first.size(), 20u * 50 * 50);
}

// Chi-square over the first number of neighbouring streams: the 0.1 % point for 15 degrees is 37.7.
TEST(Rng, NeighbouringStreamsAreUniform) {
  std::array<int, 16> buckets{};
  constexpr int kDraws = 16'000;
  for (std::uint64_t user = 0; user < kDraws; ++user) ++buckets[Rng(1, user, 0).Below(16)];
  double chi = 0;
  for (const int n : buckets) chi += (n - kDraws / 16.0) * (n - kDraws / 16.0) / (kDraws / 16.0);
  EXPECT_LT(chi, 37.7);
}

TEST(Rng, DistributionsHaveTheirMeans) {
  Rng rng(42);
  double uniform = 0, exponential = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.Uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    uniform += u;
    exponential += rng.Exponential(2.5);
  }
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.003);
  EXPECT_NEAR(exponential / kDraws, 2.5, 0.03);
}

}  // namespace
}  // namespace sfp
