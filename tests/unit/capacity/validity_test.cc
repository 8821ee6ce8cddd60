#include "master/capacity/validity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace sfp::capacity {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The table of the 2018 test. Its total, average and rate leave failures out.
struct OldRow {
  int users;
  int successes;
  int failures;
  double average_ms;
  double rps;
};
constexpr OldRow kOldTable[] = {
    {10, 1012, 0, 140, 3.3},        {20, 1013, 3, 154, 7.2},       {30, 1524, 3, 172, 10.5},
    {50, 2057, 10, 240, 19.8},      {100, 3695, 33, 417, 34},      {500, 4164, 71, 11953, 38.3},
    {1000, 3706, 53, 29721, 35.1},  {1500, 2628, 39, 41294, 32},   {1500, 2936, 151, 40294, 31.9},
    {1500, 3426, 468, 37388, 27},   {2000, 2015, 23, 45365, 33.9}, {2000, 2717, 145, 41892, 38.8},
    {2000, 3128, 847, 39977, 19.7},
};

Measured FromOld(const OldRow& row) {
  Measured out;
  out.users = row.users;
  out.window_s = row.successes / row.rps;
  out.requests = static_cast<std::uint64_t>(row.successes + row.failures);
  out.mean_response_s = row.average_ms / 1000;
  out.think_s = 2.55;
  return out;
}

// A row with which nothing is wrong: 100 users, 34 requests/s for 120 s.
Measured Sound() {
  Measured out;
  out.users = 100;
  out.window_s = 120;
  out.requests = 4080;
  out.mean_response_s = 0.403;
  out.p50_s = 0.3;
  out.think_s = 2.55;
  out.lag_p99 = Duration(900'000);
  return out;
}

TEST(Validity, FlagsEveryOldRowOf500UsersAndMoreAndNoOther) {
  for (const OldRow& row : kOldTable) {
    const Judgement judged = Judge(FromOld(row));
    EXPECT_EQ(judged.verdict, row.users >= 500 ? Verdict::kInvalid : Verdict::kValid)
        << row.users << ": " << judged.little_ratio.value_or(-1);
    EXPECT_EQ(judged.reasons.empty(), row.users <= 100) << row.users;
  }
}

TEST(Validity, SaysHowLongTheOldRowsShouldHaveRun) {
  EXPECT_NEAR(*Judge(FromOld(kOldTable[5])).needed_s, 128, 0.5);
  EXPECT_NEAR(*Judge(FromOld(kOldTable[12])).needed_s, 799, 0.5);
  EXPECT_FALSE(Judge(FromOld(kOldTable[4])).needed_s);
}

TEST(Validity, ExplainsLittleMoreThanHalfOfTheOldTablesLastRow) {
  const Judgement judged = Judge(FromOld(kOldTable[12]));
  EXPECT_NEAR(*judged.little_ratio, 0.53, 0.005);
  EXPECT_THAT(judged.reasons,
              ElementsAre("too few cycles per user: 2.0 in 159 s, where 10 need 799 s",
                          HasSubstr("Little's law explains only 53 % of the 2000 users")));
}

TEST(Validity, OfASoundRowHasNoReasons) {
  const Judgement judged = Judge(Sound());
  EXPECT_EQ(judged.verdict, Verdict::kValid);
  EXPECT_THAT(judged.reasons, IsEmpty());
  EXPECT_NEAR(*judged.little_ratio, 1.004, 0.001);
  EXPECT_FALSE(judged.needed_s);
}

TEST(Validity, AShortRowOfFewUsersIsNotCondemnedForNoise) {
  Measured row;
  row.users = 10;
  row.window_s = 4;
  row.think_s = 0.1275;
  row.mean_response_s = 0.0085;
  for (const std::uint64_t requests : {265U, 294U, 335U}) {  // 10/0.136 s × 4 s = 294 ± 14 %
    row.requests = requests;
    EXPECT_EQ(Judge(row).verdict, Verdict::kValid) << requests;
  }
  row.requests = 150;
  EXPECT_EQ(Judge(row).verdict, Verdict::kInvalid);
}

TEST(Validity, LittlesLawIsTestedFromBothSides) {
  Measured row = Sound();
  row.mean_response_s = 1.2;
  EXPECT_THAT(Judge(row).reasons, ElementsAre(HasSubstr("Little's law asks for 127 % of the 100")));
  row.think_s = 1;
  row.mean_response_s = 0.403;
  EXPECT_THAT(Judge(row).reasons, ElementsAre(HasSubstr("explains only 48 %")));
  row.think_s.reset();
  EXPECT_THAT(Judge(row).reasons, IsEmpty());
  EXPECT_FALSE(Judge(row).little_ratio);
}

TEST(Validity, ALateGeneratorOrALostWorkerDegrades) {
  Measured row = Sound();
  row.lag_p99 = Duration(3'000'000);  // 1 % of p50
  EXPECT_EQ(Judge(row).verdict, Verdict::kValid);
  row.lag_p99 = Duration(3'100'000);
  EXPECT_EQ(Judge(row).verdict, Verdict::kDegraded);
  EXPECT_THAT(Judge(row).reasons, ElementsAre(HasSubstr("the generator was late")));
  row.p50_s = 0.01;
  row.lag_p99 = Duration(1'000'000);
  EXPECT_EQ(Judge(row).verdict, Verdict::kValid);
  row.degraded_seconds = 3;
  EXPECT_THAT(Judge(row).reasons, ElementsAre(HasSubstr("in 3 seconds")));
  EXPECT_EQ(Judge(row).verdict, Verdict::kDegraded);
  row.requests = 10;  // worse than degraded
  EXPECT_EQ(Judge(row).verdict, Verdict::kInvalid);
}

TEST(Validity, AMachineThatHeldTheGeneratorBackDegrades) {
  Judgement none;
  JudgeGenerator({.window_s = 10,
                  .loop_lag_p99 = Duration(1'900'000),
                  .throttled_s = 0.009,
                  .busy_share = 0.1},
                 none);
  EXPECT_THAT(none.reasons, IsEmpty());
  Judgement all;
  JudgeGenerator({.window_s = 10,
                  .loop_lag_p99 = Duration(2'100'000),
                  .throttled_s = 0.2,
                  .busy_share = 0.5,
                  .own_failures = 3},
                 all);
  EXPECT_EQ(all.verdict, Verdict::kDegraded);
  EXPECT_THAT(
      all.reasons,
      ElementsAre("the generator's loops were held up: 1 % of their turns came more than "
                  "2.1 ms late (allowed: 2 ms)",
                  "the workers' CPU limit held them back for 200 ms altogether: raise it, or "
                  "add workers",
                  "the generator had no CPU time left in 50 % of its seconds: add threads or "
                  "workers",
                  "3 requests failed for want of the workers' own descriptors or ports"));
}

TEST(Validity, ARowThatDriftsIsInvalid) {
  Measured row = Sound();
  std::vector<std::uint64_t> counts(120, 34);
  std::vector<double> sums;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] += i % 3;
    sums.push_back(static_cast<double>(counts[i]) * (0.2 + 0.0034 * static_cast<double>(i)));
  }
  row.per_second = counts;
  row.response_sum_s = sums;
  EXPECT_THAT(Judge(row).reasons, ElementsAre(HasSubstr("not stationary: the mean response time")));
  EXPECT_EQ(Judge(row).verdict, Verdict::kInvalid);
}

TEST(Validity, WithoutARequestNothingIsValid) {
  Measured row = Sound();
  row.requests = 0;
  row.mean_response_s.reset();
  EXPECT_THAT(Judge(row).reasons, ElementsAre("no request was completed"));
  EXPECT_EQ(Judge(Measured{}).verdict, Verdict::kInvalid);
}

TEST(Validity, WhereUsersVaryOnlyTheLoadItselfIsJudged) {
  Measured measured;
  measured.users_vary = true;
  measured.window_s = 30;
  measured.requests = 60;
  measured.mean_response_s = 2;
  measured.think_s = 1;
  EXPECT_EQ(Judge(measured).verdict, Verdict::kValid);
  EXPECT_EQ(Judge(measured).little_ratio, std::nullopt);
  measured.dropped = 7;
  EXPECT_EQ(Judge(measured).verdict, Verdict::kDegraded);
  EXPECT_THAT(Judge(measured).reasons,
              ElementsAre("7 arrivals were dropped: all users were busy (max_users)"));
  measured.requests = 0;
  EXPECT_EQ(Judge(measured).verdict, Verdict::kInvalid);
}

}  // namespace
}  // namespace sfp::capacity
