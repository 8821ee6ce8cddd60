#include "common/plan/shares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "common/base/rng.h"

namespace sfp::plan {
namespace {

std::vector<Share> RandomShares(Rng& rng) {
  std::vector<Share> shares(1 + rng.Below(20));
  for (std::uint32_t i = 0; i < shares.size(); ++i) {
    shares[i] = {i * 3 + 1, static_cast<std::uint32_t>(1 + rng.Below(16))};
  }
  return shares;
}

double ProportionOf(const Share& share, const std::vector<Share>& shares) {
  double total = 0;
  for (const Share& s : shares) total += s.weight;
  return share.weight / total;
}

TEST(Shares, EqualWorkersTakeTurns) {
  const Share shares[] = {{0, 4}, {1, 4}, {2, 4}};
  const Owners owners = BuildOwners(shares);
  ASSERT_EQ(owners.size(), kFewestOwners);
  for (std::size_t i = 0; i < owners.size(); ++i) ASSERT_EQ(owners[i], i % 3);
}

TEST(Shares, AnyFirstUsersAreSharedWithinOneOfProportion) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const std::vector<Share> shares = RandomShares(rng);
    const Owners owners = BuildOwners(shares);
    ASSERT_GE(owners.size(), kFewestOwners);
    ASSERT_LE(owners.size(), kMostOwners);
    for (const Share& share : shares) {
      const double p = static_cast<double>(CountOf(owners, share.worker)) / owners.size();
      ASSERT_NEAR(p, ProportionOf(share, shares), 1.0 / kFewestOwners);
      double have = 0;
      for (std::size_t n = 0; n < owners.size(); ++n) {
        have += owners[n] == share.worker;
        ASSERT_LT(std::abs(have - p * static_cast<double>(n + 1)), 1.0 + 1e-9);
      }
    }
  }
}

TEST(Shares, WeightsDivideExactlyWhereASizeAllowsIt) {
  const Share shares[] = {{0, 1}, {1, 2}, {2, 8}};  // 11 × 77 = 847
  const Owners owners = BuildOwners(shares);
  EXPECT_EQ(owners.size(), 847u);
  EXPECT_EQ(CountOf(owners, 0), 77u);
  EXPECT_EQ(CountOf(owners, 1), 154u);
  EXPECT_EQ(CountOf(owners, 2), 616u);
}

TEST(Shares, EveryWorkerHasAnEntryHoweverSmallItsWeight) {
  std::vector<Share> shares{{0, 100'000}};
  for (std::uint32_t i = 1; i < 50; ++i) shares.push_back({i, 1});
  const Owners owners = BuildOwners(shares);
  for (const Share& share : shares) EXPECT_GE(CountOf(owners, share.worker), 1u);
  std::vector<Share> many;
  for (std::uint32_t i = 0; i < 1500; ++i) many.push_back({i, 1 + i % 3});
  EXPECT_EQ(BuildOwners(many).size(), 1500u);
}

TEST(Shares, OnlyTheLostWorkersEntriesChangeHandsAndEvenly) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    std::vector<Share> shares = RandomShares(rng);
    if (shares.size() < 2) continue;
    Owners owners = BuildOwners(shares);
    const Owners before = owners;
    const std::uint32_t lost = shares[rng.Below(shares.size())].worker;
    std::erase_if(shares, [lost](const Share& share) { return share.worker == lost; });
    Reassign(owners, lost, shares);
    ASSERT_EQ(CountOf(owners, lost), 0u);
    for (std::size_t i = 0; i < owners.size(); ++i) {
      if (before[i] != lost) {
        ASSERT_EQ(owners[i], before[i]);
      }
    }
    for (const Share& share : shares) {
      const double fair = ProportionOf(share, shares) * static_cast<double>(owners.size());
      ASSERT_NEAR(static_cast<double>(CountOf(owners, share.worker)), fair, 2.0);
    }
  }
}

TEST(Shares, ANewcomerTakesItsProportionAndNobodyElseMoves) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    std::vector<Share> shares = RandomShares(rng);
    Owners owners = BuildOwners(shares);
    const Owners before = owners;
    shares.push_back({1000, static_cast<std::uint32_t>(1 + rng.Below(16))});
    Join(owners, 1000, shares);
    std::size_t moved = 0;
    for (std::size_t i = 0; i < owners.size(); ++i) {
      if (owners[i] == before[i]) continue;
      ASSERT_EQ(owners[i], 1000u);
      ++moved;
    }
    const double fair = ProportionOf(shares.back(), shares) * static_cast<double>(owners.size());
    ASSERT_NEAR(static_cast<double>(moved), fair, 1.0);
    for (const Share& share : shares) {
      const double target = ProportionOf(share, shares) * static_cast<double>(owners.size());
      ASSERT_NEAR(static_cast<double>(CountOf(owners, share.worker)), target, 3.0);
    }
  }
}

TEST(Shares, ALostWorkerThatComesBackLeavesTheTableAsEvenAsBefore) {
  const std::vector<Share> all{{0, 2}, {1, 2}, {2, 2}, {3, 2}};
  const std::vector<Share> rest{{0, 2}, {2, 2}, {3, 2}};
  Owners owners = BuildOwners(all);
  Reassign(owners, 1, rest);
  Join(owners, 1, all);
  for (const Share& share : all) EXPECT_EQ(CountOf(owners, share.worker), 210u);
}

TEST(Shares, TheLastWorkerTakesEverything) {
  const std::vector<Share> all{{0, 1}, {5, 3}};
  Owners owners = BuildOwners(all);
  Reassign(owners, 5, std::vector<Share>{{0, 1}});
  EXPECT_EQ(CountOf(owners, 0), owners.size());
}

}  // namespace
}  // namespace sfp::plan
