#include "master/coordinator/level_policy.h"

#include <algorithm>

namespace sfp::coordinator {

std::optional<std::uint32_t> FixedSteps::Begin(std::uint32_t, std::uint32_t ramp_s,
                                               std::uint32_t begin_s) {
  const auto step_s = static_cast<std::uint32_t>((step_.count() + 999'999'999) / 1'000'000'000);
  return std::max(ramp_s + step_s, begin_s + 1);
}

LevelDecision FixedSteps::Decide(const results::Row&, std::uint32_t) { return {}; }

}  // namespace sfp::coordinator
