#pragma once

// Percentiles of response times where some requests were cut off: given up when the load ended,
// after an age that is known, or with a worker that was lost. Such a request is a censored
// observation: it took longer than its age.
//
// Kaplan and Meier's estimate (J. American Statistical Association 53, 1958): where d of the n
// requests that lasted at least so long end at the value v, the part that lasts longer than v falls
// by the factor 1 - d / n. Without censoring it is the plain distribution. It takes for granted
// that being cut off has nothing to do with how long a request would have taken; a run's end has
// not.
//
// Where so few have ended that the curve does not come down to 1 - q, there is a bound instead,
// which takes nothing for granted: were all that was cut off to end at once, the q-th of all would
// still have taken that long.
//
// Thread: immutable value.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sfp::capacity {

struct ValueCount {
  double value = 0;
  std::uint64_t count = 0;
};

class SurvivalCurve {
 public:
  // Both in ascending order. `cut` at 0: nothing is known of their ages.
  SurvivalCurve(std::span<const ValueCount> ended, std::span<const ValueCount> cut);

  // The lowest value which the part q (0 < q <= 1) does not exceed; nothing if that is not reached.
  std::optional<double> Quantile(double q) const;
  // The q-quantile is at least this, whatever the requests cut off would have done. Nothing if all
  // that is known is that it is above 0.
  std::optional<double> AtLeast(double q) const;

 private:
  struct Step {
    double value;
    double lasts;  // the part that lasts longer
  };
  std::vector<Step> steps_;
  std::vector<ValueCount> all_;  // as if those cut off had ended
  std::uint64_t count_ = 0;
};

}  // namespace sfp::capacity
