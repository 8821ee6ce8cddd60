#pragma once

// A threshold of the configuration, parsed: "p95 < 500ms", "failures < 1%", "by_term: avg < 3s",
// "rps > 30", "knee > 100 users".
//
//   [endpoint:] metric  < | <= | > | >=  value unit
//
// The endpoint is a name under which requests are counted, or method and name ("POST item") where
// requests of several methods have that name.
//
// Metrics and units: avg min max p50 p66 p75 p80 p90 p95 p98 p99 p99.9 p99.99, the same of the
// intended response time as intended_avg …, failures (%), rps (1/s, unit optional), and numbers:
// requests succeeded failed started in_flight dropped skipped reconnects. Of a sweep as a whole:
// knee (users), max_rps (1/s), servers.
//
// Thread: immutable value.

#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/time.h"

namespace sfp::config {

enum class Unit { kDuration, kPercent, kRate, kNumber, kUsers };

struct Threshold {
  enum class Comparison { kLess, kLessOrEqual, kGreater, kGreaterOrEqual };
  std::string text;      // as written
  std::string endpoint;  // empty: the totals
  std::string metric;    // as in the list above
  Unit unit = Unit::kNumber;
  Comparison comparison = Comparison::kLess;
  double value = 0;    // durations in ms, failures in %, else plain
  bool abort = false;  // ends the run once it has been broken for `patience`
  Duration patience{10'000'000'000};
};

StatusOr<Threshold> ParseThreshold(std::string_view text);
// Whether it is about requests of this name and method.
bool IsAbout(const Threshold& threshold, std::string_view name, std::string_view method);
// Whether it is about a sweep's fit, which nobody knows before the end.
bool OfTheFit(const Threshold& threshold);
// Whether a measured value (in the threshold's unit) holds it.
bool Holds(const Threshold& threshold, double measured);
// "p95 of by_term: 612 ms, not < 500 ms"; without a value: "p95: not measured".
std::string Sentence(const Threshold& threshold, std::optional<double> measured);

}  // namespace sfp::config
