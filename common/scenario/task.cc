#include "common/scenario/task.h"

#include <algorithm>

#include "common/base/check.h"

namespace sfp::scenario {

TaskId UserClass::PickTask(Rng& rng) const {
  SFP_CHECK(has_picks);
  const std::uint64_t at = rng.Below(choices.back().up_to);
  return std::upper_bound(choices.begin(), choices.end(), at,
                          [](std::uint64_t value, const Choice& c) { return value < c.up_to; })
      ->task;
}

}  // namespace sfp::scenario
