#pragma once

// The statistics of a comparison: does run B differ from run A, given how much each of them varies
// by itself? Both runs are cut into equal stretches of time ("units", usually seconds); the units
// of a run are correlated, so blocks of them are drawn, not single ones.
//
//   figure      on the scale on which it is compared: log of rate and percentiles, the share of
//               failures as it is
//   difference  d = figure of B - figure of A
//   error       of d, by a circular block bootstrap of both runs; all figures of a run are computed
//               from the same draw, so that what varies together does so in the draws. A percentile
//               is moved by the share of values below it (Bahadur), which needs no histogram per draw
//   interval    d ± c × error. c is the 95 % quantile of the greatest |d* - d| / error over all
//               figures in the draws (Westfall and Young), widened as Student's t is against the
//               normal distribution for the number of blocks. So of all pairs of equal runs about 5 %
//               have any figure whose interval leaves 0 out, however many figures there are
//
// Block length: Politis and White (2004), the longest of those of the aggregate's figures, at least
// the square root of their number, at most an eighth of them. Blocks cut what is correlated over
// longer; how much that takes off the variance shows in blocks half as long, and is put back (the
// first-order correction of a flat-top window: Politis and Romano, Journal of Time Series Analysis
// 16, 1995).
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sfp::compare {

// What one endpoint did in one unit.
struct Cell {
  std::uint32_t bucket = 0;  // of stats::Histogram
  std::uint64_t count = 0;
};
struct Unit {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::vector<Cell> response;  // by bucket
};
using Track = std::vector<Unit>;  // one endpoint

enum class Figure { kRate, kP50, kP95, kP99, kFailures };
inline constexpr Figure kFigures[] = {Figure::kRate, Figure::kP50, Figure::kP95, Figure::kP99,
                                      Figure::kFailures};

// Two runs under the same load: endpoint i of A is endpoint i of B, the last one is the aggregate.
struct Pair {
  std::vector<Track> a, b;
  double unit_s = 1;
};

struct Difference {
  std::size_t pair = 0;
  std::size_t endpoint = 0;
  Figure figure = Figure::kRate;
  // 1/s, ms, or a share. Empty: too few requests (a percentile needs 20 beyond it).
  std::optional<double> a, b;
  // Relative, of failures absolute; empty where it cannot be told.
  std::optional<double> change, low, high;
  bool significant() const { return low && high && (*low > 0 || *high < 0); }
};

// By pair, endpoint, figure. The draws follow from `seed`.
std::vector<Difference> Compare(std::span<const Pair> pairs, std::uint64_t seed,
                                std::uint32_t draws = 1000);

// In units, for one series. 1 for independent values.
std::size_t BlockLength(std::span<const double> series);

}  // namespace sfp::compare
