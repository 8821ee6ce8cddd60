#pragma once

// Did the system stay the same while it was measured? The window is cut into ten batches of equal
// length; the means of the first five are compared with those of the last five (Welch's test at the
// 1 % level), for the throughput and for the mean response time. A difference counts only if it is
// also more than a tenth of the mean: long windows find differences that do not matter. Windows
// under 20 s are not tested: their batches would be single seconds, which depend on each other.
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <span>

namespace sfp::capacity {

struct Drift {
  double first = 0;  // mean of the first half
  double second = 0;
};

// Completed requests per second.
std::optional<Drift> ThroughputDrift(std::span<const std::uint64_t> per_second);
// Mean response time in s; nothing if a batch has no request.
std::optional<Drift> ResponseDrift(std::span<const std::uint64_t> per_second,
                                   std::span<const double> response_sum_s);

}  // namespace sfp::capacity
