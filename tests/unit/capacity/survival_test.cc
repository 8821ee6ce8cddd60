#include "master/capacity/survival.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/base/rng.h"

namespace sfp::capacity {
namespace {

using Values = std::vector<ValueCount>;

TEST(SurvivalCurve, WithoutCensoringIsThePlainDistribution) {
  const Values ended = {{1, 10}, {2, 80}, {5, 10}};
  const SurvivalCurve curve(ended, {});
  EXPECT_EQ(curve.Quantile(0.05), 1);
  EXPECT_EQ(curve.Quantile(0.10), 1);
  EXPECT_EQ(curve.Quantile(0.11), 2);
  EXPECT_EQ(curve.Quantile(0.90), 2);
  EXPECT_EQ(curve.Quantile(0.95), 5);
  EXPECT_EQ(curve.Quantile(1), 5);
}

// The 21 leukaemia patients of Freireich and others (Blood 21, 1963) who were given 6-MP, the usual
// example: weeks in remission, and those still in it. The published curve is 0.857, 0.807, 0.753,
// 0.690, 0.627, 0.538, 0.448 after 6, 7, 10, 13, 16, 22, 23 weeks.
TEST(SurvivalCurve, EqualsThePublishedOneOfTheUsualExample) {
  const Values ended = {{6, 3}, {7, 1}, {10, 1}, {13, 1}, {16, 1}, {22, 1}, {23, 1}};
  const Values cut = {{6, 1},  {9, 1},  {10, 1}, {11, 1}, {17, 1}, {19, 1},
                      {20, 1}, {25, 1}, {32, 2}, {34, 1}, {35, 1}};
  const SurvivalCurve curve(ended, cut);
  const double published[][2] = {{6, 0.857},  {7, 0.807},  {10, 0.753}, {13, 0.690},
                                 {16, 0.627}, {22, 0.538}, {23, 0.448}};
  for (const auto& [weeks, lasts] : published) {
    EXPECT_EQ(curve.Quantile(1 - lasts - 0.001), weeks);
    EXPECT_NE(curve.Quantile(1 - lasts + 0.001), weeks);
  }
  EXPECT_EQ(curve.Quantile(0.5), 23);
  EXPECT_EQ(curve.Quantile(0.75), std::nullopt);
  EXPECT_EQ(curve.AtLeast(0.75), 23);  // the 16th of the 21
}

TEST(SurvivalCurve, GivesABoundWhereNobodyWasAnswered) {
  const SurvivalCurve curve({}, Values{{29, 40}, {30, 60}});
  EXPECT_EQ(curve.Quantile(0.5), std::nullopt);
  EXPECT_EQ(curve.AtLeast(0.4), 29);
  EXPECT_EQ(curve.AtLeast(0.5), 30);
  EXPECT_EQ(SurvivalCurve({}, Values{{0, 100}}).AtLeast(0.5), std::nullopt);
  EXPECT_EQ(SurvivalCurve({}, {}).Quantile(0.5), std::nullopt);
  EXPECT_EQ(SurvivalCurve({}, {}).AtLeast(0.5), std::nullopt);
}

// Exponential response times of mean 10 under a run that ends somewhere in each of them: what was
// answered alone is much too fast, the corrected median is ln 2 · 10.
TEST(SurvivalCurve, UndoesTheBiasOfTheAnsweredOnes) {
  Rng rng(7);
  std::vector<double> answered, given_up;
  for (int i = 0; i < 20'000; ++i) {
    const double takes = rng.Exponential(10);
    const double ends = 20 * rng.Uniform();
    (takes <= ends ? answered : given_up).push_back(std::min(takes, ends));
  }
  const auto values = [](std::vector<double> from) {
    std::sort(from.begin(), from.end());
    Values out;
    for (const double value : from) out.push_back({value, 1});
    return out;
  };
  const Values ended = values(answered);
  const SurvivalCurve curve(ended, values(given_up));
  EXPECT_NEAR(*curve.Quantile(0.5), 10 * std::log(2), 0.2);
  EXPECT_NEAR(*curve.Quantile(0.75), 10 * std::log(4), 0.5);
  EXPECT_LT(ended[ended.size() / 2].value, 5);
}

}  // namespace
}  // namespace sfp::capacity
