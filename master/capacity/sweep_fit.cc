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
        "requests at once explains these rows. Rows with 1 to %d users would tell, without think "
        "time (--probe).",
        pool, c.low, c.high, 2 * pool));
  } else if (c.high < 0.8 * pool) {
    says.push_back(absl::StrFormat(
        "The pool is not the limit: about %.0f requests run at once; %d connections are declared. "
        "Something behind the pool (database, locks, cores) lets no more through, and a larger "
        "pool "
        "will not help.",
        fit.queue.servers, pool));
  } else if (c.low > 1.2 * pool) {
    says.push_back(
        absl::StrFormat("More requests run at once (%.0f) than the declared pool of %d would let "
                        "through: not every request needs a connection of it, or it is larger.",
                        fit.queue.servers, pool));
  }
}

void SayKnee(const QueueFit& fit, std::span<const SweepPoint> points, const SweepFacts& facts,
             std::vector<std::string>& says) {
  if (facts.probe) {
    says.push_back(
        "A probe: users did not think, so that so many users were so many requests at "
        "once.");
    if (!facts.scenario_think_s || *facts.scenario_think_s <= 0) return;
  }
  says.push_back(absl::StrFormat(
      "The knee is at %.0f users%s (95 %%: %.0f to %.0f): beyond it each further user makes all "
      "wait "
      "longer, by %s per 100 users.",
      fit.knee_users,
      facts.probe ? " who think " + Seconds(*facts.scenario_think_s) + " as in the scenario" : "",
      fit.knee_ci95.low, fit.knee_ci95.high, Seconds(100 / fit.max_rps)));
  if (!facts.probe && MostUsers(points) < fit.knee_users) {
    says.push_back("No row went beyond the knee, so the limit is extrapolated.");
  }
}

void SayQueue(const QueueFit& fit, std::span<const SweepPoint> points, const SweepFacts& facts,
              std::vector<std::string>& says) {
  std::string text =
      absl::StrFormat("The limit is %.4g requests/s (95 %%: %.4g to %.4g): the API serves %s",
                      fit.max_rps, fit.max_rps_ci95.low, fit.max_rps_ci95.high, Servers(fit));
  if (fit.delay_s > 0.02 * fit.queue.service_s) {
    text += absl::StrFormat(", and %s beside it that no other request waits for (network, TLS)",
                            Seconds(fit.delay_s));
  }
  says.push_back(text + ".");
  SayKnee(fit, points, facts, says);
  if (facts.declared_pool) SayPool(fit, *facts.declared_pool, says);
}

void SayWhichModel(const SweepFit& fit, std::vector<std::string>& says) {
  if (!fit.queue || !fit.usl) return;
  const bool falls = fit.better == BetterModel::kUsl && fit.usl->peak_users;
  if (!falls) {
    says.push_back(
        absl::StrFormat("The closed queue explains the rows' throughput to %.1f %%, the Universal "
                        "Scalability Law to "
                        "%.1f %%: %s is the better model.",
                        100 * fit.queue->rms_rps, 100 * fit.usl->rms_rps,
                        fit.better == BetterModel::kUsl ? "the law" : "the queue"));
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

BetterModel Better(const SweepFit& fit) {
  if (!fit.queue) return fit.usl ? BetterModel::kUsl : BetterModel::kNone;
  // The queue also explains response times, with parts that can be named: the law has to earn it.
  return fit.usl && fit.usl->rms_rps < 0.7 * fit.queue->rms_rps && fit.usl->rms_rps < kPoorRms
             ? BetterModel::kUsl
             : BetterModel::kQueue;
}

}  // namespace

std::string_view Name(BetterModel model) {
  switch (model) {
    case BetterModel::kQueue:
      return "closed queue";
    case BetterModel::kUsl:
      return "usl";
    case BetterModel::kNone:
      break;
  }
  return "";
}

SweepFit FitSweep(std::span<const SweepPoint> points, const SweepFacts& facts) {
  SweepFit out;
  if (points.size() < kFewestPoints) {
    const std::size_t valid = points.size() - facts.degraded_rows;
    out.says.push_back(
        absl::StrFormat("The limit cannot be told: %d valid row%s, at least %d are needed.", valid,
                        valid == 1 ? "" : "s", kFewestPoints));
    return out;
  }
  out.queue = FitQueue(points, facts.scenario_think_s);
  out.usl = FitUsl(points);
  out.better = Better(out);
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
    SayQueue(fit, points, facts, out.says);
  }
  SayWhichModel(out, out.says);
  if (facts.degraded_rows > 0) {
    out.says.push_back(absl::StrFormat(
        "%d of the %d rows are degraded, and count for want of valid ones: the load generator may "
        "have bent their figures.",
        facts.degraded_rows, points.size()));
  }
  // A limit that was not seen is no figure of the report.
  if (fit.rms > kPoorRms || !out.limit_reached) {
    out.queue.reset();
    out.better = Better(out);
  }
  return out;
}

}  // namespace sfp::capacity
