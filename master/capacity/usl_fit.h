#pragma once

// Gunther's Universal Scalability Law (Guerrilla Capacity Planning, 2007) over the same rows:
//
//   X(N) = λ N / (1 + σ (N - 1) + κ N (N - 1))
//
// λ: requests/s of one user, σ: contention (what is done one after the other), κ: coherency (what
// each has to agree on with each: throughput falls again). Unlike the queue it can show a fall, and
// says nothing of response times.
//
// N / X is linear in 1/λ, σ/λ and κ/λ, so least squares of relative errors has a closed form; σ and
// κ are not negative, so that the best of the four ways to hold them at 0 is taken.
//
// Thread: pure functions.

#include <optional>
#include <span>

#include "master/capacity/queue_fit.h"

namespace sfp::capacity {

struct UslFit {
  double lambda = 0;
  double sigma = 0;
  double kappa = 0;
  double rms_rps = 0;                // of the logarithm of throughput
  std::optional<double> peak_users;  // where throughput is highest; absent if it never falls

  double RpsAt(double users) const;
};

// Nothing for fewer rows than kFewestPoints, or if no λ > 0 fits.
std::optional<UslFit> FitUsl(std::span<const SweepPoint> points);

}  // namespace sfp::capacity
