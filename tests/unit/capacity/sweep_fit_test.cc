#include "master/capacity/sweep_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "tests/support/closed_queue.h"

namespace sfp::capacity {
namespace {

constexpr double kThink = 2.55;

// The rows of the 2018 table: users, average response time in ms, requests/s.
std::vector<SweepPoint> OldTable() {
  constexpr double kRows[][3] = {{10, 140, 3.3},      {20, 154, 7.2},      {30, 172, 10.5},
                                 {50, 240, 19.8},     {100, 417, 34},      {500, 11953, 38.3},
                                 {1000, 29721, 35.1}, {1500, 41294, 32},   {1500, 40294, 31.9},
                                 {1500, 37388, 27},   {2000, 45365, 33.9}, {2000, 41892, 38.8},
                                 {2000, 39977, 19.7}};
  std::vector<SweepPoint> points;
  for (const auto& row : kRows) points.push_back({row[0], kThink, row[2], row[1] / 1000});
  return points;
}

// Rows of a known queue, each figure off by a normal error of so many parts.
std::vector<SweepPoint> Rows(std::vector<int> users, int servers, double service_s, double noise,
                             std::uint64_t seed) {
  Rng rng(seed);
  const auto error = [&] {
    double sum = 0;  // of twelve uniform ones: nearly normal, variance 1
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(rng.Below(1 << 30)) / (1 << 30);
    return std::exp(noise * (sum - 6));
  };
  std::vector<SweepPoint> points;
  for (const int n : users) {
    const support::ClosedQueue truth = support::SolveClosedQueue(n, kThink, servers, service_s);
    points.push_back(
        {static_cast<double>(n), kThink, truth.throughput * error(), truth.response_s * error()});
  }
  return points;
}

const std::vector<int> kLevels = {10, 20, 30, 50, 100, 500, 1000, 1500, 2000};

bool Says(const SweepFit& fit, const std::string& words) {
  for (const std::string& sentence : fit.says) {
    if (sentence.find(words) != std::string::npos) return true;
  }
  return false;
}

std::string All(const SweepFit& fit) {
  std::string all;
  for (const std::string& sentence : fit.says) all += sentence + "\n";
  return all;
}

TEST(ClosedQueue, EqualsTheSumOverAllStates) {
  for (const int servers : {1, 4, 30, 200}) {
    for (const int users : {1, 2, 7, 60, 500, 2000}) {
      for (const double service_s : {0.001, 0.17, 5.0}) {
        const auto truth = support::SolveClosedQueue(users, kThink, servers, service_s);
        const QueueFigures figures =
            Solve({static_cast<double>(servers), service_s}, users, kThink);
        EXPECT_NEAR(figures.rps, truth.throughput, 1e-9 * truth.throughput);
        EXPECT_NEAR(figures.response_s, truth.response_s, 1e-9 * truth.response_s);
      }
    }
  }
  // Without think time: all users are there, all the time.
  EXPECT_DOUBLE_EQ(Solve({4, 0.5}, 2, 0).rps, 4);
  EXPECT_DOUBLE_EQ(Solve({4, 0.5}, 16, 0).response_s, 2);
}

TEST(FitQueue, FindsSixServersInTheOldTable) {
  const auto fit = FitQueue(OldTable());
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->queue.servers, 6);
  EXPECT_NEAR(fit->queue.service_s, 0.17, 0.01);
  EXPECT_LT(fit->rms, 0.2);  // a third of the rows are of 2000 users and differ by a factor of 2
  EXPECT_LE(fit->servers_ci95.low, 6);
  EXPECT_GE(fit->servers_ci95.high, 6);
  EXPECT_LT(fit->servers_ci95.high, 30);
}

TEST(FitQueue, FindsTheTruthInExactRows) {
  for (const int servers : {1, 4, 6, 12, 30, 100}) {
    const auto fit = FitQueue(Rows(kLevels, servers, 0.17, 0, 1));
    ASSERT_TRUE(fit);
    EXPECT_EQ(fit->queue.servers, servers);
    EXPECT_NEAR(fit->queue.service_s, 0.17, 1e-3);
    EXPECT_NEAR(fit->max_rps, servers / 0.17, 0.01 * servers / 0.17);
    EXPECT_NEAR(fit->knee_users, (kThink + 0.17) * servers / 0.17, 0.02 * fit->knee_users);
    EXPECT_LT(fit->rms, 1e-3);
  }
}

TEST(FitQueue, IntervalsHoldTheTruthAsOftenAsTheyPromise) {
  int held_servers = 0;
  int held_rps = 0;
  constexpr int kRuns = 20;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    const auto fit = FitQueue(Rows(kLevels, 6, 0.17, 0.03, seed));
    ASSERT_TRUE(fit);
    held_servers += fit->servers_ci95.low <= 6 && 6 <= fit->servers_ci95.high;
    held_rps += fit->max_rps_ci95.low <= 6 / 0.17 && 6 / 0.17 <= fit->max_rps_ci95.high;
    EXPECT_NEAR(fit->queue.servers, 6, 1) << seed;
    EXPECT_NEAR(fit->max_rps, 6 / 0.17, 0.05 * 6 / 0.17) << seed;
  }
  EXPECT_GE(held_servers, kRuns * 8 / 10);
  EXPECT_GE(held_rps, kRuns * 8 / 10);
}

TEST(FitSweep, WarnsOfAPoolThatIsNotTheLimitAndIsSilentOfOneThatIs) {
  const SweepFit six = FitSweep(Rows(kLevels, 6, 0.17, 0.02, 1), {.declared_pool = 30});
  EXPECT_TRUE(Says(six, "The pool is not the limit: about 6 requests run at once")) << All(six);
  const SweepFit thirty = FitSweep(Rows(kLevels, 30, 0.17, 0.02, 1), {.declared_pool = 30});
  EXPECT_FALSE(Says(thirty, "pool")) << All(thirty);
  const SweepFit more = FitSweep(Rows(kLevels, 100, 0.17, 0.02, 1), {.declared_pool = 30});
  EXPECT_TRUE(Says(more, "than the declared pool of 30 would let through")) << All(more);
}

TEST(FitSweep, SaysThatItCannotTell) {
  const SweepFit few = FitSweep(Rows({10, 20, 30}, 6, 0.17, 0, 1), {.declared_pool = 30});
  EXPECT_FALSE(few.queue);
  EXPECT_FALSE(few.usl);
  EXPECT_TRUE(Says(few, "cannot be told: 3 valid rows")) << All(few);

  const SweepFit light = FitSweep(Rows({1, 2, 5, 8, 10}, 60, 0.17, 0.01, 1), {.declared_pool = 30});
  EXPECT_FALSE(light.queue);
  EXPECT_FALSE(light.limit_reached);
  EXPECT_TRUE(Says(light, "The limit was not reached")) << All(light);

  const SweepFit noisy = FitSweep(Rows(kLevels, 6, 0.17, 0.6, 4), {.declared_pool = 30});
  EXPECT_FALSE(noisy.queue);
  EXPECT_TRUE(Says(noisy, "cannot be told: the rows are off")) << All(noisy);

  // Saturated rows only: their throughput is known, what serves them is not.
  const SweepFit full =
      FitSweep(Rows({500, 800, 1200, 2000}, 6, 0.17, 0.01, 1), {.declared_pool = 30});
  ASSERT_TRUE(full.queue);
  EXPECT_NEAR(full.queue->max_rps, 6 / 0.17, 0.03 * 6 / 0.17);
  EXPECT_TRUE(Says(full, "cannot be told: anything from")) << All(full);
}

TEST(FitUsl, FindsItsOwnCurve) {
  std::vector<SweepPoint> points;
  for (const double n : {1, 5, 10, 20, 40, 80, 160}) {
    points.push_back({n, 0, 10 * n / (1 + 0.05 * (n - 1) + 0.001 * n * (n - 1)), 1});
  }
  const auto fit = FitUsl(points);
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->lambda, 10, 1e-6);
  EXPECT_NEAR(fit->sigma, 0.05, 1e-6);
  EXPECT_NEAR(fit->kappa, 0.001, 1e-8);
  ASSERT_TRUE(fit->peak_users);
  EXPECT_NEAR(*fit->peak_users, std::sqrt(0.95 / 0.001), 0.01);
}

TEST(FitSweep, NamesTheLawThatCanFall) {
  std::vector<SweepPoint> points;
  for (const double n : {5, 10, 20, 40, 80, 160, 320}) {
    const double x = 2 * n / (1 + 0.02 * (n - 1) + 0.0005 * n * (n - 1));
    points.push_back({n, 0.2, x, n / x - 0.2});
  }
  const SweepFit fit = FitSweep(points, {});
  EXPECT_TRUE(Says(fit, "Throughput falls under load")) << All(fit);
}

}  // namespace
}  // namespace sfp::capacity
