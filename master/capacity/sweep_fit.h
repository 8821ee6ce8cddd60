#pragma once

// What a sweep's valid rows say about the target's limit, in figures and in plain words: the closed
// queue and the Universal Scalability Law side by side, which of them explains the rows better, what
// limits throughput, and how that compares with the connection pool that the API declares. Where the
// rows cannot tell, it says so instead of a figure.
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "master/capacity/queue_fit.h"
#include "master/capacity/usl_fit.h"

namespace sfp::capacity {

struct SweepFit {
  std::optional<QueueFit> queue;  // absent: too few rows, or the rows know no limit
  std::optional<UslFit> usl;
  bool limit_reached = false;  // throughput stopped growing with the users
  std::vector<std::string> says;
};

SweepFit FitSweep(std::span<const SweepPoint> points, std::optional<std::uint32_t> declared_pool);

}  // namespace sfp::capacity
