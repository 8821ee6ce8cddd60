#pragma once

// `compare`: two runs from their journals. What is compared is what both did under the same load:
// levels of a sweep with the same load, or else each run's longest stretch of seconds with constant
// users. Degraded seconds are left out. Long runs are cut into at most 600 units of equal length.
//
// Thread: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "master/compare/bootstrap.h"
#include "master/report/model.h"
#include "master/results/results.h"
#include "master/results/seconds.h"

namespace sfp::compare {

struct Input {
  std::string folder;
  const results::Results* results = nullptr;
  results::Replay replay;
};

// Users, or of a search over rates arrivals per second; neither in a run of the open model.
struct Load {
  std::uint32_t users = 0;
  double rate = 0;
  auto operator<=>(const Load&) const = default;
};

struct Stretch {
  Load load;
  std::uint32_t a_begin_s = 0, a_end_s = 0, b_begin_s = 0, b_end_s = 0;
};

struct Comparison {
  std::vector<std::string> endpoints;  // those of both runs, then "Aggregated"
  std::vector<Stretch> stretches;      // Difference::pair
  std::vector<Difference> differences;
  std::vector<std::string> notes;  // what a reader should know before believing it

  // Worse: slower, fewer requests per second, more failures; of more than kTolerance.
  static constexpr double kTolerance = 0.02;
  static bool Worse(const Difference& d);
  static bool Better(const Difference& d);
  bool regression() const;
};

// An error if the runs have nothing in common that could be compared.
StatusOr<Comparison> CompareRuns(const Input& a, const Input& b);

// The table and the verdict, for people.
std::string ToText(const Comparison& comparison, const Input& a, const Input& b);
// The same for programs, "sfp.compare/1".
std::string ToJson(const Comparison& comparison, const Input& a, const Input& b);

}  // namespace sfp::compare
