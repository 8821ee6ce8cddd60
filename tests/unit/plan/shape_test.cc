#include "common/plan/shape.h"

#include <gtest/gtest.h>

#include "common/plan/plan.h"

namespace sfp::plan {
namespace {

Duration S(double seconds) { return FromSeconds(seconds); }

Plan Made(v1::Plan proto) {
  proto.add_owners(0);
  auto plan = Plan::Create(proto);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *plan;
}

TEST(Shape, ConstantRampsAtItsSpawnRateAndEndsAtItsRunTime) {
  const Shape shape = Constant{.users = 100, .spawn_rate = 10, .run_time = S(300)};
  const Plan plan = Made(Compile(shape));
  EXPECT_EQ(MostUsers(shape), 100u);
  EXPECT_EQ(EndOf(shape), S(300));
  EXPECT_EQ(plan.end(), S(300));
  EXPECT_EQ(plan.UsersAt(S(5)), 50u);
  EXPECT_EQ(plan.UsersAt(S(10)), 100u);
  EXPECT_EQ(plan.UsersAt(S(299.9)), 100u);
  EXPECT_EQ(plan.UsersAt(S(300)), 0u);
}

TEST(Shape, ConstantWithoutRunTimeHasNoEnd) {
  const Shape shape = Constant{.users = 3, .spawn_rate = 3};
  EXPECT_EQ(EndOf(shape), std::nullopt);
  EXPECT_EQ(Made(Compile(shape)).UsersAt(S(1e6)), 3u);
}

TEST(Shape, ConstantWithoutSpawnRateStartsAllAtOnce) {
  const Plan plan = Made(Compile(Constant{.users = 7, .spawn_rate = 0, .iterations = 100}));
  EXPECT_EQ(plan.UsersAt(Duration(0)), 7u);
}

TEST(Shape, ConstantShorterThanItsRampIsCut) {
  const Plan plan = Made(Compile(Constant{.users = 100, .spawn_rate = 10, .run_time = S(4)}));
  EXPECT_EQ(plan.UsersAt(S(3.9)), 39u);
  EXPECT_EQ(plan.UsersAt(S(4)), 0u);
  EXPECT_EQ(plan.most_users(), 100u);
}

TEST(Shape, StagesRampFromThePreviousUsersAndHold) {
  const Shape shape = Stages{{{.users = 100, .ramp = S(30), .hold = S(120)},
                              {.users = 500, .ramp = S(60), .hold = S(300)},
                              {.users = 50, .hold = S(10)},
                              {.users = 0, .ramp = S(10)}}};
  const Plan plan = Made(Compile(shape));
  EXPECT_EQ(MostUsers(shape), 500u);
  EXPECT_EQ(EndOf(shape), S(530));
  EXPECT_EQ(plan.UsersAt(S(30)), 100u);
  EXPECT_EQ(plan.UsersAt(S(150)), 100u);
  EXPECT_EQ(plan.UsersAt(S(180)), 300u);
  EXPECT_EQ(plan.UsersAt(S(210)), 500u);
  EXPECT_EQ(plan.UsersAt(S(510) - Duration(1)), 500u);
  EXPECT_EQ(plan.UsersAt(S(510)), 50u);
  EXPECT_EQ(plan.UsersAt(S(525)), 25u);
  EXPECT_EQ(plan.UsersAt(S(530)), 0u);
}

TEST(Shape, SweepKnowsItsEndOnlyWithAStepTime) {
  EXPECT_EQ(EndOf(Sweep{.levels = {10, 20, 30}, .step_time = S(60)}), S(180));
  EXPECT_EQ(EndOf(Sweep{.levels = {10, 20, 30}}), std::nullopt);
  EXPECT_EQ(MostUsers(Sweep{.levels = {10, 200, 30}}), 200u);
  EXPECT_EQ(MostUsers(Sweep{}), 0u);
  EXPECT_EQ(Made(Compile(Sweep{.levels = {10}})).UsersAt(S(5)), 0u);
}

TEST(Shape, LevelsAreAppendedWithTheirRamps) {
  v1::Plan proto = Compile(Sweep{.levels = {10, 30, 5}});
  EXPECT_EQ(AppendLevel(proto, S(0), 10, 0), S(1));
  EXPECT_EQ(AppendLevel(proto, S(60), 30, 8), S(63));    // 2.5 s, rounded up
  EXPECT_EQ(AppendLevel(proto, S(100), 30, 8), S(100));  // nothing to do
  EXPECT_EQ(AppendLevel(proto, S(120), 5, 25), S(121));
  const Plan plan = Made(proto);
  EXPECT_EQ(plan.UsersAt(S(1)), 10u);
  EXPECT_EQ(plan.UsersAt(S(60)), 10u);
  EXPECT_EQ(plan.UsersAt(S(62.5)), 30u);
  EXPECT_EQ(plan.UsersAt(S(120)), 30u);
  EXPECT_EQ(plan.UsersAt(S(121)), 5u);
}

TEST(Shape, TheFirstLevelOfAnEmptyPlanStartsFromNobody) {
  v1::Plan proto;
  EXPECT_EQ(AppendLevel(proto, S(2), 4, 4), S(3));
  const Plan plan = Made(proto);
  EXPECT_EQ(plan.UsersAt(S(2)), 0u);
  EXPECT_EQ(plan.UsersAt(S(2.5)), 2u);
  EXPECT_EQ(plan.UsersAt(S(3)), 4u);
}

}  // namespace
}  // namespace sfp::plan
