#include "common/base/clock_watch.h"

#include <time.h>

#include <algorithm>

namespace sfp {
namespace {

constexpr Duration kSharp = std::chrono::microseconds(20);
constexpr int kAttempts = 5;

// `otherwise` where the clock is not known (a kernel, or a library in front of it, that is old).
Duration Read(clockid_t clock, Duration otherwise) {
  timespec ts;
  if (clock_gettime(clock, &ts) != 0) return otherwise;
  return Duration(ts.tv_sec * 1'000'000'000LL + ts.tv_nsec);
}

// 0 unless `now` has left `reference` by more than `least`.
Duration Left(Duration now, Duration& reference, Duration least) {
  const Duration change = now - reference;
  if (change < least && change > -least) return Duration(0);
  reference = now;
  return change;
}

}  // namespace

ClockReading ReadClocks() {
  ClockReading best;
  for (int i = 0; i < kAttempts; ++i) {
    ClockReading reading;
    reading.monotonic = Now();
    const Duration monotonic = reading.monotonic.time_since_epoch();
    reading.wall = Read(CLOCK_REALTIME, monotonic);
    reading.boottime = Read(CLOCK_BOOTTIME, monotonic);
    reading.blur = Now() - reading.monotonic;
    if (i == 0 || reading.blur < best.blur) best = reading;
    if (best.blur <= kSharp) break;
  }
  return best;
}

ClockChange ClockWatch::Notice(const ClockReading& reading) {
  const Duration wall = reading.wall - reading.boottime;
  const Duration boottime = reading.boottime - reading.monotonic.time_since_epoch();
  if (!reference_) {
    reference_ = {wall, boottime, reading.blur};
    return {};
  }
  const Duration least = kLeast + reading.blur + reference_->blur;
  ClockChange change;
  change.step = Left(wall, reference_->wall, least);
  change.suspended = Left(boottime, reference_->boottime, least);
  if (change.any()) reference_->blur = std::max(reference_->blur, reading.blur);
  return change;
}

}  // namespace sfp
