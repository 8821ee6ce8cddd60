#pragma once

// The server's habits with connections, as far as a run shows them: after how long it closes idle
// ones, after how long it gives a request up. And whether one failure fits them.
//
// A time is inferred where enough values stand close together (FindCluster). Whether a single
// failure at time x can come from a limit at all tells the survivors: behind a limit there are
// none. So x is suspect only if (almost) no answered request took as long; a failure that may
// strike at any time falls among its like, whatever their distribution.
//
// Thread: pure functions, immutable values.

#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/time.h"
#include "common/stats/histogram.h"

namespace sfp::forensics {

struct Cluster {
  Duration at{0};  // the median of those in it
  Duration width{0};
  std::uint64_t count = 0;
};

// The densest window, as wide as 8 % of its begin, at least 10 and at most 200 ms, if it holds at
// least kLeastEvidence values and 60 % of all.
inline constexpr std::uint64_t kLeastEvidence = 5;
std::optional<Cluster> FindCluster(const stats::Histogram& values);

// How many of those that were answered took as long as `x`: the share above it, those within 0.8 %
// count half.
class Survivors {
 public:
  explicit Survivors(const stats::Histogram& times);
  double ShareAbove(Duration x) const;  // 0 if there is none at all
  static constexpr double kRare = 0.01;
  bool None(Duration x) const { return ShareAbove(x) < kRare; }

 private:
  struct Point {
    double us;
    std::uint64_t above;  // values at or above it
  };
  std::uint64_t AtOrAbove(double us) const;
  std::vector<Point> points_;  // ascending
};

// The part of `failures` behind which nothing survives.
stats::Histogram Suspects(const stats::Histogram& failures, const Survivors& survivors);

// Where `failures`, of which these are suspect, cluster. Nothing if chance puts as many there: of
// failures that strike at any time a part of kRare falls behind all but that part of the survivors,
// and that tail may be short (three standard deviations of a Poisson count).
std::optional<Cluster> FindLimit(const stats::Histogram& failures,
                                 const stats::Histogram& suspects);

}  // namespace sfp::forensics
