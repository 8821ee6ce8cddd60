#include "master/capacity/survival.h"

#include <algorithm>
#include <cmath>

namespace sfp::capacity {

SurvivalCurve::SurvivalCurve(std::span<const ValueCount> ended, std::span<const ValueCount> cut) {
  std::merge(ended.begin(), ended.end(), cut.begin(), cut.end(), std::back_inserter(all_),
             [](const ValueCount& a, const ValueCount& b) { return a.value < b.value; });
  for (const ValueCount& each : all_) count_ += each.count;
  std::uint64_t at_risk = count_;
  double lasts = 1;
  auto next_cut = cut.begin();
  for (const ValueCount& each : ended) {
    // One that was cut off at this very value had lasted until then.
    for (; next_cut != cut.end() && next_cut->value < each.value; ++next_cut) {
      at_risk -= next_cut->count;
    }
    lasts *= 1 - static_cast<double>(each.count) / static_cast<double>(at_risk);
    at_risk -= each.count;
    steps_.push_back({each.value, at_risk == 0 ? 0 : lasts});
  }
}

std::optional<double> SurvivalCurve::Quantile(double q) const {
  constexpr double kRounding = 1e-12;
  const auto found = std::find_if(steps_.begin(), steps_.end(), [q](const Step& step) {
    return step.lasts <= 1 - q + kRounding;
  });
  if (found == steps_.end()) return std::nullopt;
  return found->value;
}

std::optional<double> SurvivalCurve::AtLeast(double q) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_) - 1e-9));
  std::uint64_t seen = 0;
  for (const ValueCount& each : all_) {
    seen += each.count;
    if (seen < rank || each.count == 0) continue;
    if (each.value <= 0) break;
    return each.value;
  }
  return std::nullopt;
}

}  // namespace sfp::capacity
