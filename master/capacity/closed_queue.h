#pragma once

// The closed queue M/M/c//N: N users think (mean Z), then ask a station of c parallel servers
// (exponential service, mean S) and wait for it. Exact (birth and death; Kleinrock, Queueing
// Systems I, 1975, section 3.8; the think time's law does not matter, only its mean: Baskett,
// Chandy, Muntz and Palacios, J. ACM 22, 1975).
//
// With k requests at the station they arrive at the rate (N - k) / Z and leave at min(k, c) / S, so
//   p(k + 1) / p(k) = (N - k) / Z · S / min(k + 1, c).
// Only states that matter to double precision are visited, from the most likely one outwards: some
// square roots of N of them.
//
// Thread: pure functions.

namespace sfp::capacity {

struct ClosedQueue {
  double servers = 1;    // c, whole
  double service_s = 1;  // S > 0
};

struct QueueFigures {
  double rps = 0;
  double response_s = 0;  // waiting and service
};

// users >= 1, think_s >= 0. Without think time all users are always at the station.
QueueFigures Solve(const ClosedQueue& queue, double users, double think_s);

}  // namespace sfp::capacity
