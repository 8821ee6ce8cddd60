#pragma once

// 95 % intervals from batches: the measurement is cut into stretches of equal length, whose scatter
// says what chance does to a figure although neighbouring requests depend on each other (Law and
// Kelton, Simulation Modeling and Analysis, section 9.5; 10 to 20 batches are enough: Schmeiser,
// Operations Research 30, 1982).
//
// Rates are means over the batches. Averages and proportions are ratios of two sums, such as of
// response times to requests; their scatter is that of the residuals y - r x (Cochran, Sampling
// Techniques, 1977, section 2.11). A percentile's interval is that of the proportion above it,
// taken back through the measured distribution (Woodruff, JASA 47, 1952).
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sfp::capacity {

inline constexpr std::size_t kFewestBatches = 10;

// Sums of one batch: y over x.
struct RatioBatch {
  double y = 0;
  double x = 0;
};

struct Estimate {
  double value = 0;
  double half_width = 0;  // of the 95 % interval
  double low() const { return value - half_width; }
  double high() const { return value + half_width; }
};

// Neighbours joined to 10 to 19 batches of equal length; the first ones, which are nearest to the
// warm-up, are left out where they do not fill one. Empty for fewer than kFewestBatches.
std::vector<RatioBatch> Join(std::span<const RatioBatch> batches);

// Σy / Σx with its interval. Nothing for fewer than kFewestBatches, or if all x are 0.
std::optional<Estimate> RatioOf(std::span<const RatioBatch> batches);

}  // namespace sfp::capacity
