#include "common/plan/plan.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <utility>

#include "common/base/rng.h"
#include "common/plan/shares.h"

namespace sfp::plan {
namespace {

using Points = std::initializer_list<std::pair<double, double>>;  // s, users

Duration S(double seconds) { return FromSeconds(seconds); }

v1::Plan Proto(Points points, double end_s = 0) {
  v1::Plan proto;
  for (const auto& [t, users] : points) {
    v1::Plan::Point* point = proto.add_points();
    point->set_t_ns(S(t).count());
    point->set_users(users);
  }
  proto.add_owners(0);
  proto.set_end_ns(S(end_s).count());
  return proto;
}

Plan Make(Points points, double end_s = 0) {
  auto plan = Plan::Create(Proto(points, end_s));
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *plan;
}

TEST(Plan, RampReachesTargetExactlyAtStageEnd) {
  for (const double users : {1.0, 3.0, 7.0, 100.0, 999.0, 50'000.0}) {
    for (const double ramp : {0.001, 0.1, 1.0, 3.0, 7.7, 86'400.0}) {
      const Plan plan = Make({{0, 0}, {ramp, users}});
      EXPECT_EQ(plan.UsersAt(S(ramp)), users);
      EXPECT_EQ(plan.UsersAt(S(ramp) - Duration(1)), users - 1);
      EXPECT_EQ(plan.UsersAt(Duration(0)), 0u);
      EXPECT_EQ(plan.StartOf(static_cast<std::uint64_t>(users) - 1, Duration(0)), S(ramp));
    }
  }
}

TEST(Plan, StartsOfARampLieEvenly) {
  const Plan plan = Make({{0, 0}, {10, 100}});  // 10 users/s
  for (std::uint64_t user = 0; user < 100; ++user) {
    EXPECT_EQ(plan.StartOf(user, Duration(0)), S(0.1 * static_cast<double>(user + 1)));
  }
  EXPECT_EQ(plan.StartOf(100, Duration(0)), std::nullopt);
}

TEST(Plan, ThirdsOfASecondAreRoundedUpToTheNanosecond) {
  const Plan plan = Make({{0, 0}, {1, 3}});
  EXPECT_EQ(plan.StartOf(0, Duration(0)), Duration(333'333'334));
  EXPECT_EQ(plan.StartOf(1, Duration(0)), Duration(666'666'667));
  EXPECT_EQ(plan.UsersAt(Duration(333'333'333)), 0u);
  EXPECT_EQ(plan.UsersAt(Duration(333'333'334)), 1u);
}

TEST(Plan, JumpsTakeEffectAtTheirMoment) {
  const Plan plan = Make({{0, 5}, {2, 5}, {2, 40}, {4, 40}, {4, 7}});
  EXPECT_EQ(plan.UsersAt(Duration(0)), 5u);
  EXPECT_EQ(plan.UsersAt(S(2) - Duration(1)), 5u);
  EXPECT_EQ(plan.UsersAt(S(2)), 40u);
  EXPECT_EQ(plan.UsersAt(S(4) - Duration(1)), 40u);
  EXPECT_EQ(plan.UsersAt(S(4)), 7u);
  EXPECT_EQ(plan.StartOf(39, Duration(0)), S(2));
  EXPECT_EQ(plan.EndOf(39, S(2)), S(4));
  EXPECT_EQ(plan.EndOf(6, S(2)), std::nullopt);
  EXPECT_EQ(plan.NextChange(Duration(0)), S(2));
  EXPECT_EQ(plan.NextChange(S(2)), S(4));
  EXPECT_EQ(plan.NextChange(S(4)), std::nullopt);
}

TEST(Plan, RampDownRetiresTheHighestNumbersFirst) {
  const Plan plan = Make({{0, 10}, {10, 0}});
  EXPECT_EQ(plan.EndOf(9, Duration(0)), Duration(1));
  EXPECT_EQ(plan.EndOf(8, Duration(0)), S(1) + Duration(1));
  EXPECT_EQ(plan.EndOf(0, Duration(0)), S(9) + Duration(1));
  EXPECT_EQ(plan.UsersAt(S(10)), 0u);
}

TEST(Plan, NobodyRunsBeforeTheFirstPointNorFromTheEndOn) {
  const Plan plan = Make({{1, 4}, {2, 4}}, 3);
  EXPECT_EQ(plan.UsersAt(S(0.5)), 0u);
  EXPECT_EQ(plan.StartOf(3, Duration(0)), S(1));
  EXPECT_EQ(plan.UsersAt(S(3) - Duration(1)), 4u);
  EXPECT_EQ(plan.UsersAt(S(3)), 0u);
  EXPECT_EQ(plan.EndOf(0, S(1)), S(3));
  EXPECT_EQ(plan.StartOf(0, S(3)), std::nullopt);
  EXPECT_EQ(plan.NextChange(S(1)), S(3));
  EXPECT_EQ(plan.NextChange(S(3)), std::nullopt);
}

TEST(Plan, APlanWithoutPointsHasNoUsers) {
  const Plan plan = Make({});
  EXPECT_EQ(plan.UsersAt(S(1)), 0u);
  EXPECT_EQ(plan.StartOf(0, Duration(0)), std::nullopt);
  EXPECT_EQ(plan.EndOf(0, S(1)), S(1));
  EXPECT_EQ(plan.NextChange(Duration(0)), std::nullopt);
}

// A random polyline with ramps, jumps, holds, fractions.
Plan RandomPlan(Rng& rng, int owners) {
  v1::Plan proto;
  std::int64_t t = static_cast<std::int64_t>(rng.Below(2) * rng.Below(3'000'000'000));
  double users = static_cast<double>(rng.Below(20));
  for (std::uint64_t n = 1 + rng.Below(7); n > 0; --n) {
    v1::Plan::Point* point = proto.add_points();
    point->set_t_ns(t);
    point->set_users(users);
    if (rng.Below(4) != 0) t += static_cast<std::int64_t>(rng.Below(5'000'000'000));
    if (rng.Below(3) != 0) users = static_cast<double>(rng.Below(60));
    if (rng.Below(5) == 0) users += rng.Uniform();
  }
  if (rng.Below(2) == 0)
    proto.set_end_ns(t + 1 + static_cast<std::int64_t>(rng.Below(3'000'000'000)));
  std::vector<Share> shares;
  for (int i = 0; i < owners; ++i) {
    shares.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(1 + rng.Below(4))});
  }
  for (const std::uint32_t owner : BuildOwners(shares)) proto.add_owners(owner);
  auto plan = Plan::Create(proto);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *plan;
}

TEST(Plan, ChangesStartsAndEndsAgreeWithTheFunctionToTheNanosecond) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Rng rng(seed);
    const Plan plan = RandomPlan(rng, 1);
    Duration t{static_cast<std::int64_t>(rng.Below(8'000'000'000))};
    for (int step = 0; step < 12; ++step) {
      const std::uint32_t users = plan.UsersAt(t);
      ASSERT_LE(users, plan.most_users());
      const std::optional<Duration> change = plan.NextChange(t);
      if (change) {
        ASSERT_GT(*change, t);
        ASSERT_EQ(plan.UsersAt(*change - Duration(1)), users) << "seed " << seed;
        ASSERT_NE(plan.UsersAt(*change), users) << "seed " << seed;
      } else {
        ASSERT_EQ(plan.UsersAt(t + S(100)), users);
      }
      const std::uint64_t user = rng.Below(60);
      const std::optional<Duration> start = plan.StartOf(user, t);
      if (start) {
        ASSERT_GE(*start, t);
        ASSERT_GT(plan.UsersAt(*start), user) << "seed " << seed;
        if (*start > t) {
          ASSERT_LE(plan.UsersAt(*start - Duration(1)), user);
          ASSERT_LE(plan.UsersAt(t + (*start - t) / 2), user);
        }
      } else {
        ASSERT_LE(plan.UsersAt(t + S(100)), user);
      }
      const std::optional<Duration> end = plan.EndOf(user, t);
      if (end) {
        ASSERT_GE(*end, t);
        ASSERT_LE(plan.UsersAt(*end), user) << "seed " << seed;
        if (*end > t) {
          ASSERT_GT(plan.UsersAt(*end - Duration(1)), user);
          ASSERT_GT(plan.UsersAt(t + (*end - t) / 2), user);
        }
      } else {
        ASSERT_GT(plan.UsersAt(t + S(100)), user);
      }
      if (!change) break;
      t = rng.Below(3) == 0
              ? *change + Duration(static_cast<std::int64_t>(rng.Below(2'000'000'000)))
              : *change;
    }
  }
}

TEST(Plan, WorkersAndThreadsTogetherRunExactlyThePlanAtEverySecond) {
  for (const int workers : {1, 2, 4, 7}) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      Rng rng(seed);
      const Plan plan = RandomPlan(rng, workers);
      for (int second = 0; second <= 25; ++second) {
        const std::uint32_t users = plan.UsersAt(S(second));
        std::vector<std::vector<std::uint32_t>> running(workers, std::vector<std::uint32_t>(3, 0));
        for (std::uint64_t user = 0; user < plan.most_users(); ++user) {
          if (plan.StartOf(user, S(second)) != S(second)) continue;
          ASSERT_LT(plan.OwnerOf(user), static_cast<std::uint32_t>(workers));
          ++running[plan.OwnerOf(user)][plan.ThreadOf(user, 3)];
        }
        std::uint32_t sum = 0;
        for (const auto& threads : running) {
          for (const std::uint32_t n : threads) sum += n;
          const auto [low, high] = std::minmax({threads[0], threads[1], threads[2]});
          ASSERT_LE(high - low, 1u);
        }
        ASSERT_EQ(sum, users);
      }
    }
  }
}

TEST(Plan, RefusesWhatIsNoPlan) {
  const auto refused = [](v1::Plan proto) { return !Plan::Create(proto).ok(); };
  EXPECT_TRUE(refused(Proto({{2, 1}, {1, 1}})));
  EXPECT_TRUE(refused(Proto({{-1, 1}})));
  EXPECT_TRUE(refused(Proto({{0, -1}})));
  EXPECT_TRUE(refused(Proto({{0, std::numeric_limits<double>::quiet_NaN()}})));
  EXPECT_TRUE(refused(Proto({{0, std::numeric_limits<double>::infinity()}})));
  EXPECT_TRUE(refused(Proto({{0, 1e10}})));
  EXPECT_TRUE(refused(Proto({{0, 1}, {5, 1}}, 4)));
  EXPECT_TRUE(refused(Proto({{0, 1}}, -4)));
  v1::Plan unowned = Proto({{0, 1}});
  unowned.clear_owners();
  EXPECT_TRUE(refused(unowned));
  EXPECT_FALSE(refused(Proto({{0, 1}, {5, 1}}, 5)));
}

}  // namespace
}  // namespace sfp::plan
