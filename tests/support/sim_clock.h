#pragma once

// Virtual time: a clock that jumps from one event to the next. Everything that happens is a timer
// of some wheel: those of the engines under test, and one for the simulated world.
//
// Wheels are advanced in the order in which they were added. Work scheduled for the present moment
// is done before time moves on.
//
// Thread: one.

#include <algorithm>
#include <vector>

#include "common/base/time.h"
#include "worker/engine/wheel.h"

namespace sfp::support {

class SimClock {
 public:
  explicit SimClock(Time start = Time(FromSeconds(1000))) : now_(start), world_(start) {
    Add(world_);
  }

  Time now() const { return now_; }
  engine::Wheel& world() { return world_; }
  void Add(engine::Wheel& wheel) { wheels_.push_back(&wheel); }
  void Remove(engine::Wheel& wheel) { std::erase(wheels_, &wheel); }

  // Goes on to the next event, unless it lies after `latest`: false then.
  bool Step(Time latest) {
    Time next = kNever;
    for (const engine::Wheel* wheel : wheels_) next = std::min(next, wheel->NextDue());
    if (next == kNever || next > latest) return false;
    now_ = std::max(now_, next);
    // By index: what happens may add wheels.
    for (std::size_t i = 0; i < wheels_.size(); ++i) {
      if (wheels_[i]->NextDue() <= now_) wheels_[i]->Advance(now_);
    }
    return true;
  }

  // Everything up to and including `t` has happened.
  void RunUntil(Time t) {
    while (Step(t)) {
    }
    now_ = std::max(now_, t);
  }
  void RunFor(Duration d) { RunUntil(now_ + d); }
  // Until nothing is left to happen.
  void Run() {
    while (Step(kNever)) {
    }
  }

 private:
  Time now_;
  engine::Wheel world_;
  std::vector<engine::Wheel*> wheels_;
};

}  // namespace sfp::support
