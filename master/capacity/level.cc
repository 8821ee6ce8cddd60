#include "master/capacity/level.h"

#include <algorithm>
#include <numeric>

namespace sfp::capacity {
namespace {

std::uint64_t Sum(std::span<const std::uint64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// After how many seconds, at least `least`, the counts add up to `wanted`.
std::optional<std::uint32_t> Reach(std::span<const std::uint64_t> counts, std::uint64_t wanted,
                                   std::uint32_t least) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < counts.size(); ++i) {
    sum += counts[i];
    if (i + 1 >= least && sum >= wanted) return i + 1;
  }
  return std::nullopt;
}

}  // namespace

LevelGovernor::LevelGovernor(std::uint32_t users, std::uint32_t begin_s,
                             std::optional<std::uint32_t> fixed_end_s)
    : users_(users),
      begin_s_(begin_s),
      fixed_(fixed_end_s.has_value()),
      most_s_(fixed_ ? std::max(*fixed_end_s, begin_s) - begin_s : kCap),
      most_warm_up_s_(fixed_ ? most_s_ / 4 : kCap / 2) {}

std::optional<std::uint32_t> LevelGovernor::WarmUp(
    std::span<const std::uint64_t> per_second) const {
  const std::uint64_t cycles = std::uint64_t{kWarmUpCycles} * users_;
  if (const auto reached = Reach(per_second, cycles, kLeastWarmUp)) {
    return std::min(*reached, most_warm_up_s_);
  }
  if (per_second.size() >= most_warm_up_s_) return most_warm_up_s_;
  return std::nullopt;
}

std::optional<std::uint32_t> LevelGovernor::Window(std::span<const std::uint64_t> window) const {
  if (fixed_) return std::nullopt;
  return Reach(window, std::uint64_t{kCycles} * users_, kLeastWindow);
}

LevelDecision LevelGovernor::Decide(std::span<const std::uint64_t> per_second) const {
  per_second = per_second.first(std::min<std::size_t>(per_second.size(), most_s_));
  LevelDecision out;
  const auto warm_up = WarmUp(per_second);
  if (warm_up) {
    out.window_begin_s = begin_s_ + *warm_up;
    if (const auto length = Window(per_second.subspan(*warm_up))) {
      out.done = true;
      out.window_end_s = *out.window_begin_s + *length;
      return out;
    }
  }
  if (per_second.size() == most_s_) {
    out.done = true;
    out.capped = !fixed_;
    out.window_end_s = begin_s_ + most_s_;
    return out;
  }
  out.remaining_s = Remaining(per_second, warm_up);
  return out;
}

double LevelGovernor::Remaining(std::span<const std::uint64_t> per_second,
                                std::optional<std::uint32_t> warm_up) const {
  const double until_cap = most_s_ - static_cast<double>(per_second.size());
  const auto recent = per_second.last(std::min<std::size_t>(per_second.size(), 5));
  const std::uint64_t completed = Sum(recent);
  if (fixed_ || completed == 0) return until_cap;
  const double rate = static_cast<double>(completed) / static_cast<double>(recent.size());
  const double window_s = std::max<double>(kLeastWindow, kCycles * users_ / rate);
  double left = 0;
  if (warm_up) {
    const auto window = per_second.subspan(*warm_up);
    const double missing = kCycles * static_cast<double>(users_) - static_cast<double>(Sum(window));
    left = std::max(missing / rate, kLeastWindow - static_cast<double>(window.size()));
  } else {
    const double missing =
        kWarmUpCycles * static_cast<double>(users_) - static_cast<double>(Sum(per_second));
    left =
        std::max(missing / rate, kLeastWarmUp - static_cast<double>(per_second.size())) + window_s;
  }
  return std::clamp(left, 1.0, until_cap);
}

}  // namespace sfp::capacity
