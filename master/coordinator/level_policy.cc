#include "master/coordinator/level_policy.h"

#include <algorithm>
#include <variant>

#include "master/capacity/goal.h"

namespace sfp::coordinator {
namespace {

LevelDecision From(const capacity::LevelDecision& governed) {
  LevelDecision decision;
  decision.done = governed.done;
  decision.why = governed.why;
  decision.begin_s = governed.window_begin_s;
  if (governed.done) decision.end_s = governed.window_end_s;
  decision.left = FromSeconds(governed.remaining_s);
  return decision;
}

}  // namespace

std::optional<double> GovernedLevels::Next(std::span<const results::Row> done) {
  if (done.size() >= levels_.size()) return std::nullopt;
  return levels_[done.size()];
}

std::optional<std::uint32_t> GovernedLevels::Count() const {
  return static_cast<std::uint32_t>(levels_.size());
}

std::optional<std::uint32_t> GovernedLevels::Begin(double users, std::uint32_t ramp_s,
                                                   std::uint32_t begin_s) {
  std::optional<std::uint32_t> end_s;
  if (step_) {
    const auto step_s = static_cast<std::uint32_t>((step_->count() + 999'999'999) / 1'000'000'000);
    end_s = std::max(ramp_s + step_s, begin_s + 1);
  }
  governor_.emplace(static_cast<std::uint32_t>(users), begin_s, end_s);
  return end_s;
}

LevelDecision GovernedLevels::Decide(std::span<const results::SeriesPoint> seconds) {
  std::vector<std::uint64_t> per_second;
  for (const results::SeriesPoint& second : seconds) per_second.push_back(second.requests);
  return From(governor_->Decide(per_second));
}

std::optional<double> GoalLevels::Next(std::span<const results::Row> done) {
  const capacity::GoalAnswer answer = capacity::AnswerOf(goal_, done);
  doing_ = answer.doing;
  if (answer.kind != capacity::GoalAnswer::Kind::kSearching) return std::nullopt;
  return answer.next;
}

std::optional<std::uint32_t> GoalLevels::Begin(double load, std::uint32_t ramp_s,
                                               std::uint32_t begin_s) {
  if (!(goal_.most_rate() > 0)) return GovernedLevels::Begin(load, ramp_s, begin_s);
  arrivals_.emplace(begin_s);
  return std::nullopt;
}

LevelDecision GoalLevels::Decide(std::span<const results::SeriesPoint> seconds) {
  if (!arrivals_) return GovernedLevels::Decide(seconds);
  std::vector<capacity::ArrivalSecond> figures;
  for (const results::SeriesPoint& second : seconds) {
    figures.push_back({second.requests, second.response_sum_s, second.in_flight});
  }
  return From(arrivals_->Decide(figures));
}

v1::Goal GoalOf(const plan::Sweep& sweep) {
  v1::Goal goal;
  if (!sweep.find) return goal;
  goal.set_text(sweep.find->goal);
  goal.set_metric(sweep.find->metric);
  goal.set_value(sweep.find->value);
  if (sweep.find->rate) {
    goal.set_start_rate(sweep.find->start);
    goal.set_most_rate(*sweep.find->rate);
  } else {
    goal.set_start_users(static_cast<std::uint32_t>(sweep.find->start));
  }
  goal.set_most_users(sweep.levels.empty() ? 1 : sweep.levels.front());
  return goal;
}

std::unique_ptr<LevelPolicy> MakeLevelPolicy(const plan::Shape& shape) {
  const auto* sweep = std::get_if<plan::Sweep>(&shape);
  if (sweep == nullptr) return nullptr;
  if (sweep->find) return std::make_unique<GoalLevels>(GoalOf(*sweep));
  return std::make_unique<GovernedLevels>(sweep->levels, sweep->step_time);
}

}  // namespace sfp::coordinator
