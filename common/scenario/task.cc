#include "common/scenario/task.h"

#include <algorithm>

#include "common/base/check.h"

namespace sfp::scenario {

Expect::Expect(std::vector<Range> ranges) : ranges_(std::move(ranges)) {
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    if (i > 0) text_ += i + 1 == ranges_.size() ? " or " : ", ";
    text_ += std::to_string(ranges_[i].first);
    if (ranges_[i].last != ranges_[i].first) text_ += ".." + std::to_string(ranges_[i].last);
  }
}

std::optional<std::string> Judge(const Step& step, int status) {
  if (step.expect.Holds(status)) return std::nullopt;
  return "HTTP " + std::to_string(status) + ", expected " + step.expect.text();
}

TaskId UserClass::PickTask(Rng& rng) const {
  SFP_CHECK(has_picks);
  const std::uint64_t at = rng.Below(choices.back().up_to);
  return std::upper_bound(choices.begin(), choices.end(), at,
                          [](std::uint64_t value, const Choice& c) { return value < c.up_to; })
      ->task;
}

}  // namespace sfp::scenario
