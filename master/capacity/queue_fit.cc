#include "master/capacity/queue_fit.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/base/rng.h"
#include "master/capacity/student.h"

namespace sfp::capacity {
namespace {

constexpr std::size_t kResamples = 200;
constexpr std::uint64_t kSeed = 30;
constexpr double kMostServers = 4096;
constexpr double kLeastError = 0.01;
constexpr double kUnknownError = 0.03;

// A row as the fit sees it.
struct Row {
  double users, think_s;
  double log_rps, log_response;
  double rps_error, response_error;
};

struct Candidate {
  double servers = 1;
  double log_service = 0;
  double delay_s = 0;
  double misfit = 0;  // Σ of squared weighted residuals
};

QueueFigures Model(const Candidate& at, double users, double think_s) {
  QueueFigures out = Solve({at.servers, std::exp(at.log_service)}, users, think_s + at.delay_s);
  out.response_s += at.delay_s;
  return out;
}

class Problem {
 public:
  explicit Problem(std::span<const SweepPoint> points) {
    double shortest = points.front().shortest_s.value_or(0);
    for (const SweepPoint& point : points) {
      Row row{.users = point.users,
              .think_s = ThinkOf(point),
              .log_rps = std::log(point.rps),
              .log_response = std::log(point.response_s),
              .rps_error = ErrorOf(point.rps_error),
              .response_error = ErrorOf(point.response_error)};
      rows_.push_back(row);
      highest_rps_ = std::max(highest_rps_, point.rps);
      present_ = std::max(present_, point.rps * point.response_s);
      least_response_ =
          rows_.size() == 1 ? point.response_s : std::min(least_response_, point.response_s);
      shortest = std::min(shortest, point.shortest_s.value_or(0));
    }
    // Of the fastest row at most half, whatever the law of the service times.
    most_delay_ = std::clamp(shortest, 0.0, least_response_ / 2);
    // Where the rows cannot tell: half of what it may be. But a shortest time near the mean is that
    // of a service which hardly varies, and says nothing of the delay.
    usual_delay_ = most_delay_ / 2 * (1 - most_delay_ / (least_response_ / 2));
  }

  std::vector<Row>& rows() { return rows_; }
  const std::vector<Row>& rows() const { return rows_; }
  double highest_rps() const { return highest_rps_; }
  // More servers than requests were ever at the station can't be told from each other.
  double MostServers() const { return std::clamp(std::ceil(2 * present_), 4.0, kMostServers); }

  double Misfit(const Candidate& at) const {
    double sum = Prior(at) * Prior(at);
    for (const Row& row : rows_) {
      const auto [x, r] = Residuals(row, at);
      sum += x * x + r * r;
    }
    return sum;
  }

  // The best S and D for this c, from a first guess.
  Candidate Refine(Candidate at) const;
  // The same from nothing.
  Candidate Search(double servers) const;

 private:
  struct Pair {
    double x, r;
  };

  static double ErrorOf(double error) {
    return error > 0 ? std::max(error, kLeastError) : kUnknownError;
  }
  // Planned and drawn think times differ by chance, Z/√n at most; what the row shows, N / X - R, is
  // off by what R's part of the cycle is.
  static double ThinkOf(const SweepPoint& point) {
    if (point.think_s <= 0 || point.rps_error <= 0) return std::max(point.think_s, 0.0);
    const double shown = point.users / point.rps - point.response_s;
    const double part = point.think_s * point.think_s /
                        (point.think_s * point.think_s + point.response_s * point.response_s);
    return std::max(point.think_s + part * (shown - point.think_s), point.think_s / 2);
  }
  // A row's two figures are one observation (N = X (R + Z)), so each counts half.
  Pair Residuals(const Row& row, const Candidate& at) const {
    const QueueFigures model = Model(at, row.users, row.think_s);
    return {M_SQRT1_2 * (row.log_rps - std::log(model.rps)) / row.rps_error,
            M_SQRT1_2 * (row.log_response - std::log(model.response_s)) / row.response_error};
  }
  double Prior(const Candidate& at) const {
    return most_delay_ > 0 ? (at.delay_s - usual_delay_) / most_delay_ : 0;
  }

  std::vector<Row> rows_;
  double highest_rps_ = 0;
  double present_ = 0;
  double least_response_ = 0;
  double most_delay_ = 0;
  double usual_delay_ = 0;
};

Candidate Problem::Refine(Candidate at) const {
  constexpr int kMostSteps = 30;
  constexpr double kSmall = 1e-4;
  const double delay_step = kSmall * most_delay_;
  at.delay_s = std::clamp(at.delay_s, 0.0, most_delay_);
  at.misfit = Misfit(at);
  double damping = 1e-3;
  for (int step = 0; step < kMostSteps; ++step) {
    // Normal equations of the two unknowns.
    double ss = 0, sd = 0, dd = 0, s0 = 0, d0 = 0;
    const auto add = [&](double here, double by_s, double by_d) {
      const double ds = (by_s - here) / kSmall;
      const double dd1 = delay_step > 0 ? (by_d - here) / delay_step : 0;
      ss += ds * ds, sd += ds * dd1, dd += dd1 * dd1;
      s0 += ds * here, d0 += dd1 * here;
    };
    Candidate by_s = at, by_d = at;
    by_s.log_service += kSmall;
    by_d.delay_s += delay_step;
    for (const Row& row : rows_) {
      const Pair here = Residuals(row, at), s = Residuals(row, by_s), d = Residuals(row, by_d);
      add(here.x, s.x, d.x);
      add(here.r, s.r, d.r);
    }
    add(Prior(at), Prior(by_s), Prior(by_d));
    bool better = false;
    double gained = 0;
    for (int tries = 0; tries < 8 && !better; ++tries) {
      const double a = ss * (1 + damping), b = dd * (1 + damping);
      Candidate next = at;
      const double determinant = a * b - sd * sd;
      if (delay_step > 0 && determinant > 0) {
        next.log_service -= std::clamp((b * s0 - sd * d0) / determinant, -1.0, 1.0);
        next.delay_s -= (a * d0 - sd * s0) / determinant;
        if (next.delay_s < 0 || next.delay_s > most_delay_) {
          // On the border only S is free.
          next.delay_s = std::clamp(next.delay_s, 0.0, most_delay_);
          const double moved = next.delay_s - at.delay_s;
          next.log_service = at.log_service - std::clamp((s0 + sd * moved) / a, -1.0, 1.0);
        }
      } else {
        next.log_service -= std::clamp(s0 / a, -1.0, 1.0);
      }
      next.misfit = Misfit(next);
      better = next.misfit < at.misfit;
      if (better) {
        gained = at.misfit - next.misfit;
        at = next;
        damping = std::max(damping / 10, 1e-9);
      } else {
        damping *= 10;
      }
    }
    if (!better || gained < 1e-6 * (1e-6 + at.misfit)) break;
  }
  return at;
}

Candidate Problem::Search(double servers) const {
  Candidate best;
  for (double spread = 1.3; spread > 0.02; spread /= 2) {
    Candidate at{.servers = servers,
                 .log_service = std::log(servers / highest_rps_ * spread),
                 .delay_s = usual_delay_};
    at.misfit = Misfit(at);
    if (spread == 1.3 || at.misfit < best.misfit) best = at;
  }
  return Refine(best);
}

// Another c, from the best S of this one, c / S held.
Candidate With(const Problem& problem, Candidate at, double servers) {
  at.log_service += std::log(servers / at.servers);
  at.servers = servers;
  return problem.Refine(at);
}

// Downhill in c from `best`, in steps that halve.
Candidate Descend(const Problem& problem, Candidate best) {
  const double to = problem.MostServers();
  for (double step = std::max(1.0, std::floor(best.servers / 4)); step >= 1;) {
    bool better = false;
    for (const double side : {-step, step}) {
      const double servers = best.servers + side;
      if (servers < 1 || servers > to) continue;
      const Candidate next = With(problem, best, servers);
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

Candidate Best(const Problem& problem) {
  Candidate best = problem.Search(1);
  for (double servers = 2; servers <= problem.MostServers(); servers = std::ceil(servers * 1.4)) {
    const Candidate next = problem.Search(servers);
    if (next.misfit < best.misfit) best = next;
  }
  return Descend(problem, best);
}

Interval Middle95(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {at(0.025), at(0.975)};
}

// All c whose best misfit is not worse than the least one by more than chance allows. Where the
// rows do not tell c at all this is as wide as it is.
Interval ProfileServers(const Problem& problem, const Candidate& best, double scale,
                        double degrees) {
  const double t = Student95(degrees);
  const double allowed = best.misfit + t * t * scale;
  const double to = problem.MostServers();
  Interval out{best.servers, best.servers};
  for (const double side : {-1.0, 1.0}) {
    double& edge = side < 0 ? out.low : out.high;
    bool beyond = false;
    for (double step = 1; step >= 1;) {  // outwards in growing steps, then in halving ones
      const double next = std::clamp(edge + side * step, 1.0, to);
      if (next == edge) break;
      if (With(problem, best, next).misfit <= allowed) {
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

// Nearly normal: the sum of twelve uniform ones.
double Normal(Rng& rng) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += rng.Uniform();
  return sum;
}

// Each row drawn again. c stays: the limit c / S hardly depends on it.
void Bootstrap(const Problem& problem, const Candidate& best, double scale, double think_s,
               QueueFit& fit) {
  std::vector<double> max_rps, knee;
  for (std::size_t i = 0; i < kResamples; ++i) {
    Rng rng(kSeed, i, 0);
    Problem again = problem;
    for (Row& row : again.rows()) {
      const QueueFigures model = Model(best, row.users, row.think_s);
      // The two figures of a row belong together: what is served later has waited longer.
      const double error = std::sqrt(scale) * Normal(rng);
      row.log_rps = std::log(model.rps) - error * row.rps_error;
      row.log_response = std::log(model.response_s) + error * row.response_error;
    }
    const Candidate drawn = again.Refine(best);
    const double service_s = std::exp(drawn.log_service);
    max_rps.push_back(drawn.servers / service_s);
    knee.push_back((think_s + service_s + drawn.delay_s) * max_rps.back());
  }
  fit.max_rps_ci95 = Middle95(std::move(max_rps));
  fit.knee_ci95 = Middle95(std::move(knee));
}

void AddResiduals(const Problem& problem, const Candidate& best, QueueFit& fit) {
  double rps = 0, response = 0;
  for (const Row& row : problem.rows()) {
    const QueueFigures model = Model(best, row.users, row.think_s);
    rps += std::pow(row.log_rps - std::log(model.rps), 2);
    response += std::pow(row.log_response - std::log(model.response_s), 2);
  }
  const auto n = static_cast<double>(problem.rows().size());
  fit.rms = std::sqrt((rps + response) / (2 * n));
  fit.rms_rps = std::sqrt(rps / n);
}

}  // namespace

QueueFigures QueueFit::At(double users, double think_s) const {
  return Model(
      {.servers = queue.servers, .log_service = std::log(queue.service_s), .delay_s = delay_s},
      users, think_s);
}

std::optional<QueueFit> FitQueue(std::span<const SweepPoint> points,
                                 std::optional<double> knee_think_s) {
  if (points.size() < kFewestPoints) return std::nullopt;
  const Problem problem(points);
  const Candidate best = Best(problem);
  QueueFit fit;
  fit.queue = {best.servers, std::exp(best.log_service)};
  fit.delay_s = best.delay_s;
  fit.max_rps = best.servers / fit.queue.service_s;
  const double think_s = knee_think_s.value_or(points.front().think_s);
  fit.knee_users = (think_s + fit.queue.service_s + fit.delay_s) * fit.max_rps;
  AddResiduals(problem, best, fit);
  // How much more the rows scatter than their errors say; never less, but where no error is known.
  const double degrees = std::max(1.0, static_cast<double>(points.size()) - 3);
  const bool known = std::any_of(points.begin(), points.end(), [](const SweepPoint& point) {
    return point.rps_error > 0 || point.response_error > 0;
  });
  constexpr double kExact = 1e-4;
  const double scale = std::max(best.misfit / degrees, known ? 1.0 : kExact);
  fit.servers_ci95 = ProfileServers(problem, best, scale, degrees);
  Bootstrap(problem, best, scale, think_s, fit);
  return fit;
}

}  // namespace sfp::capacity
