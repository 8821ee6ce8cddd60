#include "master/capacity/validity.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/base/units.h"
#include "master/capacity/stationarity.h"

namespace sfp::capacity {
namespace {

constexpr double kLittleLow = 0.9;
constexpr double kLittleHigh = 1.1;
constexpr double kMostThrottled = 0.001;  // of the window
constexpr double kMostBusy = 0.2;         // of the workers' seconds

void CheckCycles(const Measured& m, Judgement& out) {
  const double cycles = static_cast<double>(m.requests) / m.users;
  if (cycles >= kLeastCycles) return;
  const double needed = kLeastCycles * m.users * m.window_s / static_cast<double>(m.requests);
  out.needed_s = needed;
  out.Add(Verdict::kInvalid,
          absl::StrFormat("too few cycles per user: %.1f in %.0f s, where %.0f need %.0f s", cycles,
                          m.window_s, kLeastCycles, std::ceil(needed)));
}

// N̂ = X (R + Z) has the relative error of the counted requests, at most 1/sqrt(n) as long as
// cycles vary no more than an exponential does; only a 95 % interval wholly outside the allowed
// range is a violation.
void CheckLittle(const Measured& m, Judgement& out) {
  if (!m.mean_response_s || !m.think_s) return;
  const auto n = static_cast<double>(m.requests);
  const double ratio = n / m.window_s * (*m.mean_response_s + *m.think_s) / m.users;
  out.little_ratio = ratio;
  const double error = 1.96 / std::sqrt(n);
  if (ratio * (1 + error) < kLittleLow) {
    out.Add(
        Verdict::kInvalid,
        absl::StrFormat("Little's law explains only %.0f %% of the %.0f users: the rest waited for "
                        "answers that came after the measurement",
                        ratio * 100, m.users));
  } else if (ratio * (1 - error) > kLittleHigh) {
    out.Add(
        Verdict::kInvalid,
        absl::StrFormat("Little's law asks for %.0f %% of the %.0f users: the answers belong to "
                        "requests from before the measurement, or the think time is not as planned",
                        ratio * 100, m.users));
  }
}

void CheckStationary(const Measured& m, Judgement& out) {
  if (const auto drift = ResponseDrift(m.per_second, m.response_sum_s)) {
    out.Add(Verdict::kInvalid,
            absl::StrFormat("not stationary: the mean response time went from %s in the first half "
                            "to %s in the second",
                            HumanDuration(FromSeconds(drift->first)),
                            HumanDuration(FromSeconds(drift->second))));
  } else if (const auto change = ThroughputDrift(m.per_second)) {
    out.Add(Verdict::kInvalid,
            absl::StrFormat("not stationary: the throughput went from %.1f/s in the first half to "
                            "%.1f/s in the second",
                            change->first, change->second));
  }
}

void CheckLate(const Measured& m, Judgement& out) {
  const double limit_s = std::max(0.001, 0.01 * m.p50_s.value_or(0));
  if (m.lag_p99 && Seconds(*m.lag_p99) > limit_s) {
    out.Add(Verdict::kDegraded,
            absl::StrFormat("the generator was late: 1 %% of the planned wake-ups ran more than %s "
                            "late (allowed: %s)",
                            HumanDuration(*m.lag_p99), HumanDuration(FromSeconds(limit_s))));
  } else if (m.loop_lag_p99 && Seconds(*m.loop_lag_p99) > 2 * limit_s) {
    out.Add(
        Verdict::kDegraded,
        absl::StrFormat("the generator's loops were held up: 1 %% of their turns came more than "
                        "%s late (allowed: %s)",
                        HumanDuration(*m.loop_lag_p99), HumanDuration(FromSeconds(2 * limit_s))));
  }
}

void CheckMachine(const Measured& m, Judgement& out) {
  if (m.throttled_s > kMostThrottled * m.window_s) {
    out.Add(Verdict::kDegraded,
            absl::StrFormat("the workers' CPU limit held them back for %s altogether: raise it, or "
                            "add workers",
                            HumanDuration(FromSeconds(m.throttled_s))));
  }
  if (m.busy_share > kMostBusy) {
    out.Add(Verdict::kDegraded,
            absl::StrFormat("the generator had no CPU time left in %.0f %% of its seconds: add "
                            "threads or workers",
                            m.busy_share * 100));
  }
  if (m.own_failures > 0) {
    out.Add(
        Verdict::kDegraded,
        absl::StrFormat("%d %s for want of the workers' own descriptors or ports", m.own_failures,
                        m.own_failures == 1 ? "request failed" : "requests failed"));
  }
}

}  // namespace

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kValid:
      return "valid";
    case Verdict::kDegraded:
      return "degraded";
    case Verdict::kInvalid:
      return "invalid";
  }
  return "unknown";
}

Verdict Worst(Verdict a, Verdict b) { return std::max(a, b); }

void Judgement::Add(Verdict at_least, std::string reason) {
  verdict = Worst(verdict, at_least);
  reasons.push_back(std::move(reason));
}

void JudgeGenerator(const Measured& m, Judgement& out) {
  if (m.degraded_seconds > 0) {
    out.Add(
        Verdict::kDegraded,
        absl::StrFormat("a worker or the master was away: users were missing or doubled in %d %s",
                        m.degraded_seconds, m.degraded_seconds == 1 ? "second" : "seconds"));
  }
  if (m.jumps > 0) {
    out.Add(Verdict::kDegraded,
            absl::StrFormat("a machine was suspended or its wall clock stepped, as after a freeze, "
                            "in %d %s",
                            m.jumps, m.jumps == 1 ? "second" : "seconds"));
  }
  if (m.dropped > 0) {
    out.Add(Verdict::kDegraded,
            absl::StrFormat("%d %s dropped: all users were busy (max_users)", m.dropped,
                            m.dropped == 1 ? "arrival was" : "arrivals were"));
  }
  CheckLate(m, out);
  CheckMachine(m, out);
}

Judgement Judge(const Measured& measured) {
  Judgement out;
  const bool nobody = measured.users <= 0 && !measured.users_vary;
  if (measured.requests == 0 || measured.window_s <= 0 || nobody) {
    out.Add(Verdict::kInvalid, "no request was completed");
  } else {
    if (!measured.users_vary) {
      CheckCycles(measured, out);
      CheckLittle(measured, out);
    }
    CheckStationary(measured, out);
  }
  JudgeGenerator(measured, out);
  return out;
}

}  // namespace sfp::capacity
