#include "master/capacity/arrival_level.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "master/capacity/batch_means.h"

namespace sfp::capacity {
namespace {

constexpr double kBehind = 0.05;  // of what is answered
constexpr double kChance = 4;     // standard deviations of a count

double Requests(std::span<const ArrivalSecond> seconds) {
  double sum = 0;
  for (const ArrivalSecond& second : seconds) sum += static_cast<double>(second.requests);
  return sum;
}

// Half the width of the mean response time's interval, as a part of it.
std::optional<double> Precision(std::span<const ArrivalSecond> seconds) {
  std::vector<RatioBatch> batches;
  for (const ArrivalSecond& second : seconds) {
    batches.push_back({second.response_sum_s, static_cast<double>(second.requests)});
  }
  const auto mean = RatioOf(batches);
  if (!mean || mean->value <= 0) return std::nullopt;
  return mean->half_width / mean->value;
}

}  // namespace

bool FallsBehind(double answered, double more_in_flight) {
  return more_in_flight > kBehind * answered && more_in_flight > kChance * std::sqrt(answered + 1);
}

LevelDecision ArrivalLevel::Decide(std::span<const ArrivalSecond> seconds) {
  if (seen_ == 0) last_ = After({});
  while (!last_.done && seen_ < seconds.size()) last_ = After(seconds.first(++seen_));
  return last_;
}

// What an overloaded level before left is worked off however long it takes. What is on its way up
// is cut off only as far as half of the level stays: perhaps it never stops.
void ArrivalLevel::Extend(Seconds seconds) {
  std::vector<std::uint64_t> in_flight;
  for (const ArrivalSecond& second : seconds) in_flight.push_back(second.in_flight);
  const auto cut = static_cast<std::uint32_t>(MserCut(in_flight));
  if (cut <= warm_up_s_ || !CutMatters(in_flight, warm_up_s_, cut)) return;
  const auto known = static_cast<std::uint32_t>(seconds.size());
  const std::uint32_t oldest =
      known > LevelGovernor::kLookBack ? known - LevelGovernor::kLookBack : 0;
  const bool falls = in_flight[warm_up_s_] > in_flight.back();
  if (falls || cut >= oldest) warm_up_s_ = std::max(cut, oldest);
}

LevelDecision ArrivalLevel::After(Seconds seconds) {
  LevelDecision out;
  if (seconds.size() > kLeastWarmUp) Extend(seconds);
  if (seconds.size() >= warm_up_s_) {
    out.window_begin_s = begin_s_ + warm_up_s_;
    Finish(seconds, out);
  }
  if (out.done) {
    out.window_end_s = begin_s_ + static_cast<std::uint32_t>(seconds.size());
  } else {
    Estimate(seconds, out);
  }
  return out;
}

void ArrivalLevel::Finish(Seconds seconds, LevelDecision& out) const {
  const Seconds window = seconds.subspan(warm_up_s_);
  const bool enough = window.size() >= kLeastWindow && Requests(window) >= kLeastRequests;
  const auto precision = Precision(window);
  if (const Seconds half = seconds.last(seconds.size() / 2); half.size() >= kLeastWindow) {
    const double more = static_cast<double>(half.back().in_flight) -
                        static_cast<double>(seconds[seconds.size() - half.size() - 1].in_flight);
    out.done = FallsBehind(Requests(half), more);
    if (out.done) out.why = "the target falls behind";
  }
  if (out.done) return;
  if (enough && precision && *precision <= kPrecision) {
    out.done = true;
    out.why = absl::StrFormat("response time known to ±%.1f %%", *precision * 100);
  } else if (seconds.size() >= kCap || (enough && window.size() >= kLongestWindow)) {
    out.done = out.capped = true;
    out.why = "its longest time is over";
  }
}

void ArrivalLevel::Estimate(Seconds seconds, LevelDecision& out) const {
  const auto known = static_cast<double>(seconds.size());
  if (seconds.size() <= warm_up_s_) {
    out.why = "warm-up";
    out.remaining_s = kLeastWindow + warm_up_s_ - known;
    return;
  }
  const Seconds window = seconds.subspan(warm_up_s_);
  const auto passed = static_cast<double>(window.size());
  const double requests = Requests(window);
  double left = kLeastWindow - passed;
  out.why = absl::StrFormat("at least %d s", kLeastWindow);
  if (requests < kLeastRequests) {
    left = std::max(left, requests > 0 ? (kLeastRequests / requests - 1) * passed : 1.0 * kCap);
    out.why = absl::StrFormat("%.0f of %.0f requests", requests, kLeastRequests);
  } else if (const auto precision = Precision(window); precision && *precision > kPrecision) {
    const double wanted = passed * (std::pow(*precision / kPrecision, 2) - 1);
    left = std::max(left, std::min(wanted, kLongestWindow - passed));
    out.why = absl::StrFormat("response time known to ±%.1f %%, wanted ±%.0f %%", *precision * 100,
                              kPrecision * 100);
  }
  out.remaining_s = std::clamp(left, 1.0, std::max(1.0, kCap - known));
}

}  // namespace sfp::capacity
