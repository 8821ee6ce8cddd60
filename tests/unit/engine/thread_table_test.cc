#include "worker/engine/thread_table.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/base/rng.h"
#include "common/plan/shares.h"

namespace sfp::engine {
namespace {

plan::Plan Owned(const plan::Owners& owners) {
  v1::Plan proto;
  proto.mutable_owners()->Assign(owners.begin(), owners.end());
  return *plan::Plan::Create(proto);
}

std::vector<std::uint32_t> Loads(const ThreadTable& table, std::size_t entries,
                                 std::uint32_t threads) {
  std::vector<std::uint32_t> loads(threads, 0);
  for (std::size_t i = 0; i < entries; ++i) {
    for (std::uint32_t thread = 0; thread < threads; ++thread)
      loads[thread] += table.Runs(i, thread);
  }
  return loads;
}

TEST(ThreadTable, AFirstPlanDealsTheEntriesInTurn) {
  const plan::Plan plan = Owned({0, 1, 0, 0, 1, 0});
  ThreadTable table(0, 3);
  table.Adopt(plan);
  for (std::uint64_t user = 0; user < 12; ++user) {
    for (std::uint32_t thread = 0; thread < 3; ++thread) {
      EXPECT_EQ(table.Runs(user, thread),
                plan.OwnerOf(user) == 0 && plan.ThreadOf(user, 3) == thread);
    }
  }
}

TEST(ThreadTable, GainedEntriesLeaveTheOthersOnTheirThreads) {
  const std::vector<plan::Share> all{{0, 2}, {1, 2}, {2, 2}};
  plan::Owners owners = plan::BuildOwners(all);
  ThreadTable table(0, 2);
  table.Adopt(Owned(owners));
  const ThreadTable before = table;
  const plan::Owners old = owners;
  plan::Reassign(owners, 2, std::vector<plan::Share>{{0, 2}, {1, 2}});
  table.Adopt(Owned(owners));
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (old[i] == 0) {
      EXPECT_EQ(table.Runs(i, 0), before.Runs(i, 0));
    }
  }
  EXPECT_EQ(Loads(table, owners.size(), 2), (std::vector<std::uint32_t>{210, 210}));
}

TEST(ThreadTable, ThreadsStayEvenWhoeverComesAndGoes) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed);
    std::vector<plan::Share> shares{{0, 4}, {1, 4}, {2, 1}};
    plan::Owners owners = plan::BuildOwners(shares);
    ThreadTable table(0, 4);
    table.Adopt(Owned(owners));
    for (std::uint32_t next = 3; next < 10; ++next) {
      if (shares.size() > 2 && rng.Below(2) == 0) {
        const std::uint32_t lost = shares.back().worker;
        shares.pop_back();
        plan::Reassign(owners, lost, shares);
      } else {
        shares.push_back({next, static_cast<std::uint32_t>(1 + rng.Below(8))});
        plan::Join(owners, next, shares);
      }
      table.Adopt(Owned(owners));
      const std::vector<std::uint32_t> loads = Loads(table, owners.size(), 4);
      const auto [low, high] = std::minmax_element(loads.begin(), loads.end());
      ASSERT_LE(*high - *low, 1u);
      ASSERT_EQ(loads[0] + loads[1] + loads[2] + loads[3], plan::CountOf(owners, 0));
    }
  }
}

}  // namespace
}  // namespace sfp::engine
