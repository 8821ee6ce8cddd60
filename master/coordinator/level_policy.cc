#include "master/coordinator/level_policy.h"

#include <algorithm>
#include <variant>

namespace sfp::coordinator {

std::optional<std::uint32_t> GovernedLevels::Begin(std::uint32_t users, std::uint32_t ramp_s,
                                                   std::uint32_t begin_s) {
  std::optional<std::uint32_t> end_s;
  if (step_) {
    const auto step_s = static_cast<std::uint32_t>((step_->count() + 999'999'999) / 1'000'000'000);
    end_s = std::max(ramp_s + step_s, begin_s + 1);
  }
  governor_.emplace(users, begin_s, end_s);
  return end_s;
}

LevelDecision GovernedLevels::Decide(std::span<const std::uint64_t> per_second) {
  const capacity::LevelDecision governed = governor_->Decide(per_second);
  LevelDecision decision;
  decision.done = governed.done;
  if (governed.done) decision.why = governed.capped ? "its longest time is over" : "enough cycles";
  decision.begin_s = governed.window_begin_s;
  if (governed.done) decision.end_s = governed.window_end_s;
  decision.left = FromSeconds(governed.remaining_s);
  return decision;
}

std::unique_ptr<LevelPolicy> MakeLevelPolicy(const plan::Shape& shape) {
  const auto* sweep = std::get_if<plan::Sweep>(&shape);
  if (sweep == nullptr) return nullptr;
  return std::make_unique<GovernedLevels>(sweep->step_time);
}

}  // namespace sfp::coordinator
