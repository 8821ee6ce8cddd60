#pragma once

// Is a measurement valid? Judges a row (a sweep's level, or the steady part of a run) from its own
// figures and says, in sentences, what is wrong with it and how long it should have run. The
// formulas and where they come from: README.md.
//
//   invalid   the figures do not describe the system: too few request cycles per user, Little's law
//             does not hold, not stationary, nothing completed
//   degraded  they do, but the load was not quite what was asked for: workers lost, generator late
//
// Used by the report and by the coordinator. Thread: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"

namespace sfp::capacity {

enum class Verdict { kValid, kDegraded, kInvalid };
std::string_view Name(Verdict verdict);  // "valid" "degraded" "invalid"
// The worse of two.
Verdict Worst(Verdict a, Verdict b);

// The fewest request cycles per user (a cycle is one think time and one response) from which a mean
// is taken seriously.
inline constexpr double kLeastCycles = 10;

struct Measured {
  // Users come as arrivals need them (the open model), or go when their iterations are done:
  // neither cycles per user nor Little's law can be looked at.
  bool users_vary = false;
  std::uint64_t dropped = 0;  // arrivals that found all users busy
  double users = 0;           // running, on average over the window
  double window_s = 0;
  std::uint64_t requests = 0;  // completed in the window
  std::optional<double> mean_response_s;
  std::optional<double> p50_s;
  std::optional<double> think_s;  // mean time of a user between two requests; absent: not known
  // Second by second, where known: completed requests, and the sum of their response times.
  std::span<const std::uint64_t> per_second;
  std::span<const double> response_sum_s;
  std::optional<Duration> lag_p99;       // of planned wake-ups
  std::optional<Duration> loop_lag_p99;  // of the loops' turns
  double throttled_s = 0;                // the workers' cgroups were held back, over all workers
  double busy_share = 0;  // of the workers' seconds, those in which a thread had no time left
  std::uint64_t own_failures = 0;  // requests that failed for want of our own descriptors or ports
  std::uint32_t degraded_seconds = 0;  // without a worker that should have run
  std::uint32_t jumps = 0;  // seconds in which a wall clock was stepped or a machine suspended
};

struct Judgement {
  Verdict verdict = Verdict::kValid;
  std::vector<std::string> reasons;
  std::optional<double> little_ratio;  // N̂/N = X (R + Z) / N
  std::optional<double> needed_s;  // the window that would bring kLeastCycles, if this one did not

  void Add(Verdict at_least, std::string reason);
};

Judgement Judge(const Measured& measured);
// The part of it that is about the generator: lost workers, dropped arrivals, lateness, a machine
// that held it back.
void JudgeGenerator(const Measured& measured, Judgement& out);

}  // namespace sfp::capacity
