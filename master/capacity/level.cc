#include "master/capacity/level.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "master/capacity/batch_means.h"

namespace sfp::capacity {
namespace {

// The cut must matter.
constexpr double kLeastChange = 0.05;
constexpr double kStandardErrors = 3;

double Sum(std::span<const std::uint64_t> counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
}

// Mean and its squared standard error, were the values independent.
struct Moments {
  double mean = 0;
  double error2 = 0;
};

Moments Of(std::span<const std::uint64_t> values) {
  const auto n = static_cast<double>(values.size());
  Moments out{.mean = Sum(values) / n};
  for (const std::uint64_t value : values) {
    out.error2 += std::pow(static_cast<double>(value) - out.mean, 2);
  }
  out.error2 /= n * n;
  return out;
}

// Half the width of the throughput's interval, as a part of it.
std::optional<double> Precision(std::span<const std::uint64_t> counts) {
  std::vector<RatioBatch> seconds;
  for (const std::uint64_t count : counts) seconds.push_back({static_cast<double>(count), 1});
  const auto rate = RatioOf(seconds);
  if (!rate || rate->value <= 0) return std::nullopt;
  return rate->half_width / rate->value;
}

}  // namespace

std::size_t MserCut(std::span<const std::uint64_t> values) {
  // From the end, with running sums: Σ (y - mean)² = Σ y² - n mean².
  double sum = 0, squares = 0, least = INFINITY;
  std::size_t cut = 0;
  for (std::size_t i = values.size(); i-- > 0;) {
    const auto value = static_cast<double>(values[i]);
    sum += value;
    squares += value * value;
    if (i > values.size() / 2) continue;
    const auto n = static_cast<double>(values.size() - i);
    const double error2 = std::max(0.0, squares - sum * sum / n) / (n * n);
    if (error2 <= least) {
      least = error2;
      cut = i;
    }
  }
  return cut;
}

bool CutMatters(std::span<const std::uint64_t> values, std::size_t from, std::size_t cut) {
  const Moments before = Of(values.subspan(from, cut - from));
  const Moments after = Of(values.subspan(cut));
  const double change = std::abs(before.mean - after.mean);
  const double poisson = before.mean / static_cast<double>(cut - from);
  const double error = std::sqrt(std::max(before.error2, poisson) + after.error2);
  return change > kLeastChange * after.mean && change > kStandardErrors * error;
}

LevelGovernor::LevelGovernor(std::uint32_t users, std::uint32_t begin_s,
                             std::optional<std::uint32_t> fixed_end_s)
    : users_(users),
      begin_s_(begin_s),
      fixed_(fixed_end_s.has_value()),
      most_s_(fixed_ ? std::max(*fixed_end_s, begin_s) - begin_s : kCap),
      most_warm_up_s_(fixed_ ? most_s_ / 4 : kCap / 2) {}

LevelDecision LevelGovernor::Decide(std::span<const std::uint64_t> per_second) {
  per_second = per_second.first(std::min<std::size_t>(per_second.size(), most_s_));
  if (seen_ == 0) last_ = After({});
  while (!last_.done && seen_ < per_second.size()) last_ = After(per_second.first(++seen_));
  return last_;
}

LevelDecision LevelGovernor::After(Counts counts) {
  if (!warm_up_s_) {
    WarmUp(counts);
  } else if (!fixed_) {
    Extend(counts);
  }
  LevelDecision out;
  if (warm_up_s_) out.window_begin_s = begin_s_ + *warm_up_s_;
  Finish(counts, out);
  if (out.done) {
    out.window_end_s = begin_s_ + static_cast<std::uint32_t>(counts.size());
  } else {
    Estimate(counts, out);
  }
  return out;
}

void LevelGovernor::WarmUp(Counts counts) {
  const auto seconds = static_cast<std::uint32_t>(counts.size());
  const bool cycled = seconds >= kLeastWarmUp && Sum(counts) >= kWarmUpCycles * double{1} * users_;
  if (cycled || seconds >= most_warm_up_s_) warm_up_s_ = std::min(seconds, most_warm_up_s_);
}

// The throughput was still on its way when the cycles had been made.
void LevelGovernor::Extend(Counts counts) {
  const auto cut = static_cast<std::uint32_t>(MserCut(counts));
  if (cut <= *warm_up_s_ || *warm_up_s_ >= most_warm_up_s_) return;
  if (!CutMatters(counts, *warm_up_s_, cut)) return;
  const auto seconds = static_cast<std::uint32_t>(counts.size());
  warm_up_s_ = std::max(cut, seconds > kLookBack ? seconds - kLookBack : 0);
}

void LevelGovernor::Finish(Counts counts, LevelDecision& out) const {
  if (counts.size() >= most_s_) {
    out.done = true;
    out.capped = !fixed_;
    out.why = fixed_ ? "the step time is over" : "its longest time is over";
    return;
  }
  if (fixed_) return;
  if (counts.size() >= kSilentCap && Sum(counts) == 0) {
    out.done = out.capped = true;
    out.why = "no request was completed";
    return;
  }
  if (!warm_up_s_) return;
  const Counts window = counts.subspan(*warm_up_s_);
  if (window.size() < kLeastWindow || Sum(window) < kCycles * double{1} * users_) return;
  const auto precision = Precision(window);
  if (!precision) return;
  out.done = *precision <= kPrecision || counts.size() >= kPrecisionCap;
  if (out.done) out.why = absl::StrFormat("throughput known to ±%.1f %%", *precision * 100);
}

void LevelGovernor::Estimate(Counts counts, LevelDecision& out) const {
  const double until_cap = most_s_ - static_cast<double>(counts.size());
  out.remaining_s = until_cap;
  if (fixed_) {
    out.why = "fixed step time";
    return;
  }
  const Counts recent = counts.last(std::min<std::size_t>(counts.size(), 5));
  if (Sum(recent) == 0) {
    out.why = "no answers";
    if (Sum(counts) == 0) out.remaining_s = kSilentCap - static_cast<double>(counts.size());
    return;
  }
  const double rate = Sum(recent) / static_cast<double>(recent.size());
  const double window_s = std::max<double>(kLeastWindow, kCycles * double{1} * users_ / rate);
  double left = 0;
  if (!warm_up_s_) {
    const double missing = kWarmUpCycles * double{1} * users_ - Sum(counts);
    left = std::max(missing / rate, kLeastWarmUp - static_cast<double>(counts.size())) + window_s;
    out.why = "warm-up";
  } else {
    const Counts window = counts.subspan(*warm_up_s_);
    const auto passed = static_cast<double>(window.size());
    const double missing = kCycles * double{1} * users_ - Sum(window);
    left = std::max(missing / rate, kLeastWindow - passed);
    out.why = missing > 0
                  ? absl::StrFormat("%.1f of %d cycles per user", Sum(window) / users_, kCycles)
                  : absl::StrFormat("at least %d s", kLeastWindow);
    // An interval shrinks with the square root of the time.
    if (const auto precision = Precision(window); precision && *precision > kPrecision) {
      const double wanted = passed * std::pow(*precision / kPrecision, 2) - passed;
      const double cap = kPrecisionCap - static_cast<double>(counts.size());
      if (wanted > left) {
        left = std::max(left, std::min(wanted, cap));
        out.why = absl::StrFormat("throughput known to ±%.1f %%, wanted ±%.0f %%", *precision * 100,
                                  kPrecision * 100);
      }
    }
  }
  out.remaining_s = std::clamp(left, 1.0, until_cap);
}

}  // namespace sfp::capacity
