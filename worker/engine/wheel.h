#pragma once

// One timer wheel per loop: think times, deadlines, plan changes. Scheduling and cancelling are O(1) and
// allocate nothing: a Timer is a member of what it wakes. Timers fire in Advance, never early, each with
// the exact time at which it was due, in order of due time within a tick.
//
// The owner (a thread's loop, or virtual time in a test) sleeps until NextDue() and then calls Advance.
//
// Thread: confined to its loop.

#include <array>
#include <cstdint>

#include "common/base/time.h"

namespace sfp::engine {

class Wheel;

class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  Time due() const { return due_; }
  bool scheduled() const { return wheel_ != nullptr; }

 protected:
  virtual ~Timer();  // cancels
  virtual void OnTimer(Time now) = 0;  // now >= due(); may schedule itself or any other timer

 private:
  friend class Wheel;
  Wheel* wheel_ = nullptr;
  Timer* next_ = nullptr;
  Timer** link_ = nullptr;  // what points at this timer
  Time due_{};
};

class Wheel {
 public:
  explicit Wheel(Time now);
  ~Wheel();

  // Moves the timer if it is scheduled already. A due time in the past fires in the next Advance.
  void Schedule(Timer& timer, Time due);
  void Cancel(Timer& timer);

  void Advance(Time now);
  // No timer is due before it; exact to the tick. kNever if there is none.
  Time NextDue() const;
  std::size_t size() const;
};

}  // namespace sfp::engine
