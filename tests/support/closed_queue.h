#pragma once

// The exact closed queue M/M/c//N: N users think (mean Z), then ask one station with c servers
// (exponential service, mean S) and wait. The known truth that simulations, fits and the demo API
// are held against.
//
// Birth and death: with k requests at the station the arrival rate is (N - k) / Z and the departure
// rate min(k, c) / S, so p(k+1) / p(k) = (N - k) / Z · S / min(k + 1, c). The result depends on the
// think time's mean only, not on its law (the think station has as many servers as users).
//
// Thread: safe, no state.

#include <algorithm>
#include <cmath>
#include <vector>

namespace sfp::support {

struct ClosedQueue {
  double throughput = 0;  // requests per second
  double response_s = 0;  // waiting and service
  double at_station = 0;  // mean number of requests there
};

inline ClosedQueue SolveClosedQueue(int users, double think_s, int servers, double service_s) {
  // In logarithms, since p(k) spans thousands of powers of ten for 2000 users.
  std::vector<double> log_p(static_cast<std::size_t>(users) + 1, 0.0);
  double top = 0;
  for (int k = 0; k < users; ++k) {
    const double ratio = (users - k) / think_s * service_s / std::min(k + 1, servers);
    log_p[static_cast<std::size_t>(k) + 1] = log_p[static_cast<std::size_t>(k)] + std::log(ratio);
    top = std::max(top, log_p[static_cast<std::size_t>(k) + 1]);
  }
  double sum = 0;
  double present = 0;
  double busy = 0;
  for (int k = 0; k <= users; ++k) {
    const double p = std::exp(log_p[static_cast<std::size_t>(k)] - top);
    sum += p;
    present += k * p;
    busy += std::min(k, servers) * p;
  }
  ClosedQueue result;
  result.at_station = present / sum;
  result.throughput = busy / sum / service_s;
  result.response_s = result.at_station / result.throughput;  // Little's law
  return result;
}

}  // namespace sfp::support
