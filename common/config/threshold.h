#pragma once

// A threshold of the configuration, parsed: "p95 < 500ms", "failures < 1%", "by_term: avg < 3s",
// "rps > 30".
//
//   [endpoint:] metric  < | <= | > | >=  value unit
//
// Metrics and units: avg min max p50 p66 p75 p80 p90 p95 p98 p99 p99.9 p99.99 (a duration),
// failures (%), rps (1/s, unit optional), requests, failed (a number).
//
// Thread: immutable value.

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace sfp::config {

struct Threshold {
  enum class Comparison { kLess, kLessOrEqual, kGreater, kGreaterOrEqual };
  std::string text;      // as written
  std::string endpoint;  // empty: the totals
  std::string metric;    // as in the list above
  Comparison comparison = Comparison::kLess;
  double value = 0;  // durations in ms, failures in %, else plain
};

StatusOr<Threshold> ParseThreshold(std::string_view text);
// Whether a measured value (in the threshold's unit) holds it.
bool Holds(const Threshold& threshold, double measured);

}  // namespace sfp::config
