#pragma once

// What a sweep's valid rows say about the target's limit, in figures and in plain words: the closed
// queue and the Universal Scalability Law side by side, which of them explains the rows better,
// what limits throughput, and how that compares with the connection pool that the API declares.
// Where the rows cannot tell, it says so instead of a figure.
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "master/capacity/queue_fit.h"
#include "master/capacity/usl_fit.h"

namespace sfp::capacity {

enum class BetterModel { kNone, kQueue, kUsl };
std::string_view Name(BetterModel model);  // "closed queue", "usl"; empty for none

// What the run says of itself.
struct SweepFacts {
  std::optional<std::uint32_t> declared_pool;
  std::size_t degraded_rows = 0;  // among those that are fitted
  // A probe's users do not think; the knee is that of the scenario's own think time, where known.
  bool probe = false;
  std::optional<double> scenario_think_s;
  friend bool operator==(const SweepFacts&, const SweepFacts&) = default;
};

struct SweepFit {
  std::optional<QueueFit> queue;  // absent: too few rows, or the rows know no limit
  std::optional<UslFit> usl;
  BetterModel better = BetterModel::kNone;
  bool limit_reached = false;  // throughput stopped growing with the users
  std::vector<std::string> says;
};

SweepFit FitSweep(std::span<const SweepPoint> points, const SweepFacts& facts);

}  // namespace sfp::capacity
