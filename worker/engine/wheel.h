#pragma once

// One timer wheel per loop: think times, deadlines, plan changes. Scheduling and cancelling are
// O(1) and allocate nothing: a Timer is a member of what it wakes. Timers fire in Advance, never
// early, in order of due time; those of the same due time in the order in which they were
// scheduled. A timer that is scheduled during Advance fires in the next Advance at the earliest, so
// a chain of timers cannot hold the loop.
//
// The owner (a thread's loop, or virtual time in a test) sleeps until NextDue() and then calls
// Advance. When something is due soon that is exact; far ahead it may be too early, which costs a
// wake-up that only moves timers nearer (at most one per level and slot).
//
// Six levels of 256 slots; a slot of level 0 is 2^16 ns = 65.5 us wide, one of level k 256^k times
// as wide. A timer stands in the level where its due time and the present first differ, and moves
// down as time comes near: think times of up to 4 s move once, with those of the same 17 ms.
//
// Thread: confined to its loop.

#include <array>
#include <cstddef>
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
  // now >= due(); may schedule, cancel and destroy itself or any other timer.
  virtual void OnTimer(Time now) = 0;

 private:
  friend class Wheel;
  struct Link {
    Link* next = this;
    Link* prev = this;
  };
  // The links come first, so that a timer is found from them.
  struct Node : Link {
    Timer* timer = nullptr;
  };
  Node node_{{}, this};
  Wheel* wheel_ = nullptr;
  Time due_{};
};

class Wheel {
 public:
  explicit Wheel(Time now);
  ~Wheel();
  Wheel(const Wheel&) = delete;
  Wheel& operator=(const Wheel&) = delete;

  // Moves the timer if it is scheduled already. A due time in the past fires in the next Advance.
  void Schedule(Timer& timer, Time due);
  void Cancel(Timer& timer);

  void Advance(Time now);
  // No timer is due before it. kNever if there is none.
  Time NextDue() const;
  std::size_t size() const { return size_; }

 private:
  static constexpr int kGrainBits = 16;
  static constexpr int kSlotBits = 8;
  static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
  static constexpr std::size_t kLevels = 6;
  using Link = Timer::Link;

  // Which slots of a level are not empty.
  class Used {
   public:
    void Set(std::size_t slot) { words_[slot / 64] |= Bit(slot); }
    void Clear(std::size_t slot) { words_[slot / 64] &= ~Bit(slot); }
    // kSlots if all are empty.
    std::size_t First() const;

   private:
    static std::uint64_t Bit(std::size_t slot) { return std::uint64_t{1} << (slot % 64); }
    std::array<std::uint64_t, kSlots / 64> words_{};
  };
  struct Place {
    std::size_t level;  // kLevels if no timer is scheduled
    std::size_t slot;
  };

  static std::uint64_t GrainOf(Time t);
  static Timer& TimerOf(Link* link);
  Link& SlotOf(std::uint64_t grain);
  void Unlink(Timer& timer);
  // The first slot of the lowest level in use: it holds the earliest timer.
  Place First() const;
  std::uint64_t SlotStart(std::size_t level, std::size_t slot) const;
  void MoveDown(std::size_t level, std::size_t slot);
  void TakeDue(std::size_t slot, Time now);

  std::uint64_t grain_;  // the present; everything before it has fired
  std::size_t size_ = 0;
  bool advancing_ = false;
  Link due_;  // of the Advance under way, in order
  std::array<Used, kLevels> used_;
  std::array<std::array<Link, kSlots>, kLevels> slots_;
};

}  // namespace sfp::engine
