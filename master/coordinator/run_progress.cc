#include <algorithm>

#include "common/plan/plan.h"
#include "master/coordinator/run.h"

namespace sfp::coordinator {
namespace {

constexpr std::uint32_t kRateSeconds = 5;
constexpr std::uint32_t kLatencySeconds = 10;

}  // namespace

Progress Run::ProgressAt(Time now) const {
  Progress progress;
  progress.state = state_;
  progress.workers = registry_.connected();
  progress.workers_wanted = spec_.workers;
  for (const auto& [index, part] : parts_) progress.workers_lost += part.lost;
  if (!started_) return progress;

  progress.elapsed = std::max(Duration(0), now - start_);
  if (StatusOr<plan::Plan> plan = plan::Plan::Create(plan_); plan.ok()) {
    progress.users_planned = plan->UsersAt(now - start_);
  }
  for (std::size_t i = 0; i < results_.endpoints().size(); ++i) {
    if (results_.apart(i)) continue;
    const stats::EndpointStats& endpoint = results_.endpoints()[i];
    progress.requests += endpoint.requests();
    progress.failures += endpoint.failed;
    progress.dropped += endpoint.dropped;
  }
  if (const auto second = results_.complete_second();
      second && *second < results_.series().size()) {
    const auto& series = results_.series();
    progress.users = series[*second].users;
    const std::uint32_t seconds = std::min(kRateSeconds, *second + 1);
    for (std::uint32_t s = *second + 1 - seconds; s <= *second; ++s) {
      progress.rps += static_cast<double>(series[s].requests) / seconds;
      progress.failures_per_s += static_cast<double>(series[s].failures) / seconds;
    }
    progress.p95 = results_.Recent(kLatencySeconds).Quantile(0.95);
  }

  progress.iterations = results_.iterations();
  progress.iterations_wanted = plan_.iterations();
  if (plan_.end_ns() > 0) progress.left = Duration(plan_.end_ns()) - progress.elapsed;
  if (spec_.levels != nullptr) {
    progress.level = static_cast<std::uint32_t>(level_ + 1);
    progress.levels = spec_.levels->Count().value_or(0);
    progress.doing = spec_.levels->Doing();
    if (const auto step = spec_.levels->StepTime(); step && !last_level_ended_) {
      const Duration end = Duration(level_ramp_s_ * 1'000'000'000LL) +
                           *step * static_cast<std::int64_t>(progress.levels - level_);
      progress.left = end - progress.elapsed;
    }
  }
  if (!last_level_ended_) {
    progress.level_left = level_left_;
    progress.level_why = level_why_;
  }
  if (progress.left) progress.left = std::max(Duration(0), *progress.left);
  if (state_ == RunState::kStopping || over()) progress.left = Duration(0);
  return progress;
}

}  // namespace sfp::coordinator
