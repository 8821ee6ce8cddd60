#include "master/capacity/queue_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "common/base/rng.h"
#include "master/capacity/student.h"

namespace sfp::capacity {
namespace {

constexpr std::size_t kResamples = 200;
constexpr std::uint64_t kSeed = 30;
constexpr double kMostServers = 4096;

struct Residuals {
  std::vector<double> rps, response;
  double SumOfSquares() const {
    double sum = 0;
    for (const double r : rps) sum += r * r;
    for (const double r : response) sum += r * r;
    return sum;
  }
};

Residuals ResidualsOf(const ClosedQueue& queue, std::span<const SweepPoint> points) {
  Residuals out;
  for (const SweepPoint& point : points) {
    const QueueFigures model = Solve(queue, point.users, point.think_s);
    out.rps.push_back(std::log(point.rps / model.rps));
    out.response.push_back(std::log(point.response_s / model.response_s));
  }
  return out;
}

double Misfit(const ClosedQueue& queue, std::span<const SweepPoint> points) {
  double sum = 0;
  for (const SweepPoint& point : points) {
    const QueueFigures model = Solve(queue, point.users, point.think_s);
    const double rps = std::log(point.rps / model.rps);
    const double response = std::log(point.response_s / model.response_s);
    sum += rps * rps + response * response;
  }
  return sum;
}

struct Candidate {
  ClosedQueue queue;
  double misfit = 0;
};

// Golden section over log S around `guess_s`, by a factor of `spread` to either side, to one part in
// a thousand.
Candidate BestService(double servers, double guess_s, double spread,
                      std::span<const SweepPoint> points) {
  constexpr double kGolden = 0.6180339887498949;
  constexpr double kPrecise = 1e-3;
  const auto at = [&](double log_s) { return Misfit({servers, std::exp(log_s)}, points); };
  double low = std::log(guess_s / spread);
  double high = std::log(guess_s * spread);
  double left = high - kGolden * (high - low);
  double right = low + kGolden * (high - low);
  double at_left = at(left);
  double at_right = at(right);
  while (high - low > kPrecise) {
    if (at_left < at_right) {
      high = std::exchange(right, left);
      at_right = at_left;
      at_left = at(left = high - kGolden * (high - low));
    } else {
      low = std::exchange(left, right);
      at_left = at_right;
      at_right = at(right = low + kGolden * (high - low));
    }
  }
  return at_left < at_right ? Candidate{{servers, std::exp(left)}, at_left}
                            : Candidate{{servers, std::exp(right)}, at_right};
}

double HighestRps(std::span<const SweepPoint> points) {
  double most = 0;
  for (const SweepPoint& point : points) most = std::max(most, point.rps);
  return most;
}

// More servers than requests were ever at the station can't be told from each other.
double MostServers(std::span<const SweepPoint> points) {
  double present = 0;
  for (const SweepPoint& point : points) present = std::max(present, point.rps * point.response_s);
  return std::clamp(std::ceil(2 * present), 4.0, kMostServers);
}

// Downhill in c from `best`, in steps that halve, c / S held for the first guess of S.
Candidate Descend(Candidate best, double to, double spread, std::span<const SweepPoint> points) {
  for (double step = std::max(1.0, std::floor(best.queue.servers / 4)); step >= 1;) {
    bool better = false;
    for (const double side : {-step, step}) {
      const double servers = best.queue.servers + side;
      if (servers < 1 || servers > to) continue;
      const double guess_s = best.queue.service_s * servers / best.queue.servers;
      const Candidate next = BestService(servers, guess_s, spread, points);
      if (next.misfit < best.misfit) {
        best = next;
        better = true;
        break;
      }
    }
    if (!better) step = std::floor(step / 2);
  }
  return best;
}

Candidate Best(std::span<const SweepPoint> points) {
  const double to = MostServers(points);
  const double most_rps = HighestRps(points);
  Candidate best = BestService(1, 1 / most_rps, 30, points);
  for (double servers = 2; servers <= to; servers = std::ceil(servers * 1.4)) {
    const Candidate next = BestService(servers, servers / most_rps, 30, points);
    if (next.misfit < best.misfit) best = next;
  }
  return Descend(best, to, 2, points);
}

Interval Middle95(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {at(0.025), at(0.975)};
}

// All c whose best misfit is not worse than the least one by more than chance allows: with d degrees
// of freedom, min · (1 + t² / d). Where the rows do not tell c at all this is as wide as it is.
Interval ProfileServers(const Candidate& best, std::span<const SweepPoint> points) {
  const double degrees = static_cast<double>(points.size()) - 2;
  const double t = Student95(degrees);
  // Rows without any error are not known better than to a part in a thousand.
  const double least = 2e-6 * static_cast<double>(points.size());
  const double allowed = std::max(best.misfit, least) * (1 + t * t / degrees);
  const double to = MostServers(points);
  const auto fits = [&](double servers) {
    const double guess_s = best.queue.service_s * servers / best.queue.servers;
    return BestService(servers, guess_s, 2, points).misfit <= allowed;
  };
  Interval out{best.queue.servers, best.queue.servers};
  for (const double side : {-1.0, 1.0}) {
    double& edge = side < 0 ? out.low : out.high;
    bool beyond = false;
    for (double step = 1; step >= 1;) {  // outwards in growing steps, then in halving ones
      const double next = std::clamp(edge + side * step, 1.0, to);
      if (next == edge) break;
      if (fits(next)) {
        edge = next;
        if (!beyond) step *= 2;
      } else {
        beyond = true;
        step = std::floor(step / 2);
      }
    }
  }
  return out;
}

// Residuals of the rows drawn again. c stays: the limit c / S hardly depends on it.
Interval BootstrapMaxRps(const QueueFit& fit, const Residuals& residuals,
                         std::span<const SweepPoint> points) {
  // Residuals of n rows around a fit of two parameters are too small by this factor.
  const auto n = static_cast<double>(points.size());
  const double inflate = std::sqrt(n / (n - 1));
  std::vector<QueueFigures> model;
  for (const SweepPoint& point : points) {
    model.push_back(Solve(fit.queue, point.users, point.think_s));
  }
  std::vector<double> max_rps;
  std::vector<SweepPoint> again(points.begin(), points.end());
  for (std::size_t i = 0; i < kResamples; ++i) {
    Rng rng(kSeed, i, 0);
    for (std::size_t row = 0; row < again.size(); ++row) {
      // The two residuals of a row belong together: what is served later has waited longer.
      const std::size_t drawn = rng.Below(points.size());
      again[row].rps = model[row].rps * std::exp(inflate * residuals.rps[drawn]);
      again[row].response_s = model[row].response_s * std::exp(inflate * residuals.response[drawn]);
    }
    const Candidate best = BestService(fit.queue.servers, fit.queue.service_s, 1.5, again);
    max_rps.push_back(best.queue.servers / best.queue.service_s);
  }
  return Middle95(std::move(max_rps));
}

}  // namespace

std::optional<QueueFit> FitQueue(std::span<const SweepPoint> points) {
  if (points.size() < kFewestPoints) return std::nullopt;
  const Candidate best = Best(points);
  const Residuals residuals = ResidualsOf(best.queue, points);
  QueueFit fit;
  fit.queue = best.queue;
  fit.max_rps = best.queue.servers / best.queue.service_s;
  fit.knee_users = (points.front().think_s + best.queue.service_s) * fit.max_rps;
  const auto n = static_cast<double>(points.size());
  fit.rms = std::sqrt(residuals.SumOfSquares() / (2 * n));
  double squares = 0;
  for (const double r : residuals.rps) squares += r * r;
  fit.rms_rps = std::sqrt(squares / n);
  fit.servers_ci95 = ProfileServers(best, points);
  fit.max_rps_ci95 = BootstrapMaxRps(fit, residuals, points);
  return fit;
}

}  // namespace sfp::capacity
