#pragma once

// The closed queue that explains a sweep best: c servers of S seconds behind a constant delay D,
//
//   N users ── think Z ── delay D ── queue, c servers of S ──▶ R = D + waiting + S
//
// where D is what a request costs besides the server's work: network, TLS, the generator's own
// moment. Weighted least squares on the logarithms of throughput and response time of all rows; c
// is whole, for each c the best S and D are found by Levenberg's and Marquardt's method.
//
// Each row counts by its own standard errors (batch means), but none as better known than to 1 %:
// no API is a closed queue to the last digit. Rows without errors count alike. So saturated rows
// tell c / S, rows at the knee and below tell S + D. D is told apart from S by the shortest
// response time of all, which D cannot exceed.
//
// The think time of a row is the planned one, corrected by what the row itself shows (N / X - R,
// Little's law) where that is known better: with few users the think times drawn differ from their
// mean by chance, and that is no property of the API.
//
// Intervals are of 95 %. Of c: all values whose misfit chance explains (profile of the sum of
// squares; Bates and Watts, Nonlinear Regression Analysis, 1988, section 6.1), which is wide where
// the rows do not tell. Of limit and knee: a parametric bootstrap, each row drawn again by its
// errors (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 9), reproducible,
// since its draws have a seed of their own. Where the rows scatter more than their errors say, the
// errors are taken to be as much larger.
//
// Thread: pure functions.

#include <optional>
#include <span>

#include "master/capacity/closed_queue.h"

namespace sfp::capacity {

// A valid row of a sweep.
struct SweepPoint {
  double users = 0;
  double think_s = 0;
  double rps = 0;         // > 0
  double response_s = 0;  // mean, > 0
  // Relative standard errors of the two; 0: not known.
  double rps_error = 0;
  double response_error = 0;
  std::optional<double> shortest_s;  // response time
  friend bool operator==(const SweepPoint&, const SweepPoint&) = default;
};

struct Interval {
  double low = 0;
  double high = 0;
};

struct QueueFit {
  ClosedQueue queue;
  double delay_s = 0;
  Interval servers_ci95;
  double max_rps = 0;  // c / S
  Interval max_rps_ci95;
  double knee_users = 0;  // N* = (Z + R0) c / S, R0 = D + S: where the two asymptotes meet
  Interval knee_ci95;
  double rms = 0;      // of the residuals of both logarithms, rows alike: 0.12 is 12 %
  double rms_rps = 0;  // of the throughput's alone

  // What it says of so many users.
  QueueFigures At(double users, double think_s) const;
};

inline constexpr std::size_t kFewestPoints = 4;

// Nothing for fewer rows than kFewestPoints. `knee_think_s`: the think time that the knee is for,
// if it is not that of the rows.
std::optional<QueueFit> FitQueue(std::span<const SweepPoint> points,
                                 std::optional<double> knee_think_s = std::nullopt);

}  // namespace sfp::capacity
