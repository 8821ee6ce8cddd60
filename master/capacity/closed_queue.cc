#include "master/capacity/closed_queue.h"

#include <algorithm>
#include <cmath>

namespace sfp::capacity {
namespace {

constexpr double kNegligible = 1e-17;

// Sums over the states that matter, relative to the weight of the state it began with.
struct Sums {
  double weight = 0;
  double present = 0;  // Σ k p(k)
  double busy = 0;     // Σ min(k, c) p(k)

  void Add(double k, double p, double servers) {
    weight += p;
    present += k * p;
    busy += std::min(k, servers) * p;
  }
};

// The most likely state: where arrivals and departures balance.
double Balance(const ClosedQueue& queue, double users, double think_s) {
  const double saturated = users - queue.servers * think_s / queue.service_s;
  if (saturated > queue.servers) return std::floor(saturated);
  return std::floor(std::min(queue.servers, users * queue.service_s / (think_s + queue.service_s)));
}

}  // namespace

QueueFigures Solve(const ClosedQueue& queue, double users, double think_s) {
  const double c = queue.servers;
  if (think_s <= 0) {
    const double rps = std::min(users, c) / queue.service_s;
    return {rps, users / rps};
  }
  const double offered = queue.service_s / think_s;
  const double middle = std::clamp(Balance(queue, users, think_s), 0.0, users);
  Sums sums;
  double p = 1;
  for (double k = middle; k <= users && p > kNegligible; ++k) {
    sums.Add(k, p, c);
    p *= (users - k) * offered / std::min(k + 1, c);
  }
  p = 1;
  for (double k = middle; k > 0;) {
    p *= std::min(k, c) / ((users - k + 1) * offered);
    if (p < kNegligible) break;
    sums.Add(--k, p, c);
  }
  const double rps = sums.busy / sums.weight / queue.service_s;
  return {rps, sums.present / sums.weight / rps};
}

}  // namespace sfp::capacity
