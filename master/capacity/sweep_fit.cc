#include "master/capacity/sweep_fit.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

namespace sfp::capacity {
namespace {

// A model whose rows are off by more than this explains nothing.
constexpr double kPoorRms = 0.25;
// The highest throughput is this near to the fitted limit, or the limit is a guess.
constexpr double kReached = 0.85;
// An interval of c wider than this tells nothing about a pool.
constexpr double kVague = 2.5;

double HighestRps(std::span<const SweepPoint> points) {
  double most = 0;
  for (const SweepPoint& point : points) most = std::max(most, point.rps);
  return most;
}

double MostUsers(std::span<const SweepPoint> points) {
  double most = 0;
  for (const SweepPoint& point : points) most = std::max(most, point.users);
  return most;
}

std::string Seconds(double s) {
  return s < 1 ? absl::StrFormat("%.3g ms", s * 1000) : absl::StrFormat("%.3g s", s);
}

std::string Servers(const QueueFit& fit) {
  const double c = fit.queue.servers;
  std::string text = absl::StrFormat("about %.0f request%s at once, each %s", c, c == 1 ? "" : "s",
                                     Seconds(fit.queue.service_s));
  if (fit.servers_ci95.low != fit.servers_ci95.high) {
    text += absl::StrFormat(" (95 %%: %.0f to %.0f at once)", fit.servers_ci95.low,
                            fit.servers_ci95.high);
  }
  return text;
}

void SayPool(const QueueFit& fit, std::uint32_t pool, std::vector<std::string>& says) {
  const Interval& c = fit.servers_ci95;
  if (c.high > kVague * std::max(1.0, c.low)) {
    says.push_back(absl::StrFormat(
        "Whether the declared pool of %d is the limit cannot be told: anything from %.0f to %.0f "
        "requests at once explains these rows. Rows with 1 to %d users would tell.",
        pool, c.low, c.high, 2 * pool));
  } else if (c.high < 0.8 * pool) {
    says.push_back(absl::StrFormat(
        "The declared pool of %d is not the limit: about %.0f requests run at once; something "
        "behind "
        "the pool (database, locks, cores) lets no more through, and a larger pool will not help.",
        pool, fit.queue.servers));
  } else if (c.low > 1.2 * pool) {
    says.push_back(
        absl::StrFormat("More requests run at once (%.0f) than the declared pool of %d would let "
                        "through: not every "
                        "request needs a connection of it, or it is larger.",
                        fit.queue.servers, pool));
  }
}

void SayQueue(const QueueFit& fit, std::span<const SweepPoint> points, SweepFit& out) {
  out.says.push_back(
      absl::StrFormat("The limit is %.3g requests/s (95 %%: %.3g to %.3g): the API serves %s.",
                      fit.max_rps, fit.max_rps_ci95.low, fit.max_rps_ci95.high, Servers(fit)));
  out.says.push_back(
      absl::StrFormat("The knee is at %.0f users: beyond it each further user makes all wait "
                      "longer, by %s per 100 users.",
                      fit.knee_users, Seconds(100 / fit.max_rps)));
  if (MostUsers(points) < fit.knee_users) {
    out.says.push_back("No row went beyond the knee, so the limit is extrapolated.");
  }
}

void SayWhichModel(const SweepFit& fit, std::vector<std::string>& says) {
  if (!fit.queue || !fit.usl) return;
  const bool falls = fit.usl->peak_users && fit.usl->rms_rps < 0.7 * fit.queue->rms_rps;
  if (!falls) {
    says.push_back(absl::StrFormat(
        "The closed queue explains the rows to %.1f %%, the Universal Scalability Law their "
        "throughput to %.1f %%.",
        100 * fit.queue->rms, 100 * fit.usl->rms_rps));
    return;
  }
  says.push_back(absl::StrFormat(
      "Throughput falls under load, which no queue of equal servers explains: the Universal "
      "Scalability Law fits better (%.1f %% against %.1f %%) and has its peak of %.3g requests/s "
      "at "
      "%.0f users. Look for what requests do to each other: locks, retries, swapping, timeouts.",
      100 * fit.usl->rms_rps, 100 * fit.queue->rms_rps, fit.usl->RpsAt(*fit.usl->peak_users),
      *fit.usl->peak_users));
}

}  // namespace

SweepFit FitSweep(std::span<const SweepPoint> points, std::optional<std::uint32_t> declared_pool) {
  SweepFit out;
  if (points.size() < kFewestPoints) {
    out.says.push_back(
        absl::StrFormat("The limit cannot be told: %d valid row%s, at least %d are "
                        "needed.",
                        points.size(), points.size() == 1 ? "" : "s", kFewestPoints));
    return out;
  }
  out.queue = FitQueue(points);
  out.usl = FitUsl(points);
  const QueueFit& fit = *out.queue;
  out.limit_reached = HighestRps(points) >= kReached * fit.max_rps &&
                      fit.max_rps_ci95.high < 1.5 * fit.max_rps_ci95.low;
  if (fit.rms > kPoorRms) {
    out.says.push_back(absl::StrFormat(
        "The limit cannot be told: the rows are off the best closed queue by %.0f %%. They are "
        "noisy, or the API does something else than serve a fixed number of requests at once.",
        100 * fit.rms));
  } else if (!out.limit_reached) {
    out.says.push_back(absl::StrFormat(
        "The limit was not reached: throughput still grows at %.0f users with %.3g requests/s. Go "
        "on with more users.",
        MostUsers(points), HighestRps(points)));
  } else {
    SayQueue(fit, points, out);
    if (declared_pool) SayPool(fit, *declared_pool, out.says);
  }
  SayWhichModel(out, out.says);
  // A limit that was not seen is no figure of the report.
  if (fit.rms > kPoorRms || !out.limit_reached) out.queue.reset();
  return out;
}

}  // namespace sfp::capacity
