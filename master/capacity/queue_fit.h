#pragma once

// The closed queue that explains a sweep best: least squares on the logarithms of throughput and
// response time of all rows, so that a row of 10 users counts as much as one of 2000. c is whole; for
// each c the best S is found by golden section.
//
// Intervals are of 95 %. Of c: all values whose misfit chance explains (profile of the sum of
// squares; Bates and Watts, Nonlinear Regression Analysis, 1988, section 6.1), which is wide where
// the rows do not tell. Of the limit: a bootstrap of the residuals (Efron and Tibshirani, An
// Introduction to the Bootstrap, 1993, chapter 9), reproducible, since its draws have a seed of
// their own.
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
};

struct Interval {
  double low = 0;
  double high = 0;
};

struct QueueFit {
  ClosedQueue queue;
  Interval servers_ci95;
  double max_rps = 0;  // c / S
  Interval max_rps_ci95;
  double knee_users = 0;  // N* = (Z + S) c / S: where the two asymptotes meet
  double rms = 0;         // of the residuals of both logarithms: 0.12 is 12 %
  double rms_rps = 0;     // of the throughput's alone
};

inline constexpr std::size_t kFewestPoints = 4;

// Nothing for fewer rows than kFewestPoints.
std::optional<QueueFit> FitQueue(std::span<const SweepPoint> points);

}  // namespace sfp::capacity
