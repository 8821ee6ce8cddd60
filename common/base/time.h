#pragma once

// The two clocks. Every measurement, deadline and plan uses Time, the monotonic clock, in
// nanoseconds; wall-clock time appears only in names of runs and in reports, as text.
//
// Cores never read a clock: they are given `now`. Only shells call Time Now().
//
// Thread: safe.

#include <time.h>

#include <chrono>
#include <cstdint>

namespace sfp {

using Duration = std::chrono::nanoseconds;

struct MonotonicClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
using Time = MonotonicClock::time_point;

inline Time Now() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return Time(Duration(ts.tv_sec * 1'000'000'000LL + ts.tv_nsec));
}

constexpr Time kNever = Time::max();

constexpr double Seconds(Duration d) { return static_cast<double>(d.count()) * 1e-9; }
constexpr double Millis(Duration d) { return static_cast<double>(d.count()) * 1e-6; }
constexpr Duration FromSeconds(double s) {
  return Duration(static_cast<std::int64_t>(s * 1e9 + (s < 0 ? -0.5 : 0.5)));
}

}  // namespace sfp
