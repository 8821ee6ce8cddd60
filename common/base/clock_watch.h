#pragma once

// Notices what happens to a machine's clocks behind a program's back. The kernel has three that
// tick alike: the monotonic one, by which everything is measured; the same one that also runs while
// the machine is suspended (CLOCK_BOOTTIME); and the wall clock, which people and NTP set. Hence
//
//   wall - boottime        changes when the wall clock is stepped, and only then
//   boottime - monotonic   changes when the machine was suspended, and only then
//
// A clock that is slewed changes neither. What is below 10 ms (and what the reading itself took) is
// not reported, but adds up.
//
// Thread: ReadClocks is safe; ClockWatch is confined to its owner's.

#include <cstdint>
#include <optional>

#include "common/base/time.h"

namespace sfp {

struct ClockReading {
  Time monotonic{};
  Duration wall{0};  // since 1970
  Duration boottime{0};
  Duration blur{0};  // the clocks were read within so long

  // What the wall clock shows beyond the monotonic one.
  Duration wall_ahead() const { return wall - monotonic.time_since_epoch(); }
};

// The clocks at one moment, as nearly as a program that may be interrupted can read them.
ClockReading ReadClocks();

struct ClockChange {
  Duration step{0};  // of the wall clock: forward is positive
  Duration suspended{0};

  bool any() const { return step != Duration(0) || suspended != Duration(0); }
};

class ClockWatch {
 public:
  static constexpr Duration kLeast = std::chrono::milliseconds(10);

  // To be called each second or so: what has changed since the last change that it told.
  ClockChange Notice(const ClockReading& reading);

 private:
  struct Apart {
    Duration wall, boottime;
    Duration blur;
  };
  std::optional<Apart> reference_;
};

}  // namespace sfp
