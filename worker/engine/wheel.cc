#include "worker/engine/wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/base/check.h"

namespace sfp::engine {

namespace {

template <typename Link>
void Append(Link& list, Link& link) {
  link.prev = list.prev;
  link.next = &list;
  list.prev->next = &link;
  list.prev = &link;
}

template <typename Link>
void Remove(Link& link) {
  link.prev->next = link.next;
  link.next->prev = link.prev;
  link.next = link.prev = &link;
}

// Merges two runs that end in null; elements of `a` stay before equal ones of `b`.
template <typename Link, typename Before>
Link* Merge(Link* a, Link* b, Before before) {
  Link* head = nullptr;
  Link** tail = &head;
  while (a != nullptr && b != nullptr) {
    Link*& first = before(b, a) ? b : a;
    *tail = first;
    tail = &first->next;
    first = first->next;
  }
  *tail = a != nullptr ? a : b;
  return head;
}

// Stable merge sort, bottom up: runs[k] is empty or holds 2^k links.
template <typename Link, typename Before>
void Sort(Link& list, Before before) {
  bool sorted = true;
  for (Link* link = list.next; link->next != &list && link != &list; link = link->next) {
    sorted = sorted && !before(link->next, link);
  }
  if (sorted) return;
  list.prev->next = nullptr;
  std::array<Link*, 48> runs{};
  for (Link* link = list.next; link != nullptr;) {
    Link* run = link;
    link = link->next;
    run->next = nullptr;
    std::size_t k = 0;
    for (; runs[k] != nullptr; ++k) run = Merge(std::exchange(runs[k], nullptr), run, before);
    runs[k] = run;
  }
  Link* all = nullptr;
  for (Link* run : runs) all = Merge(run, all, before);
  Link* last = &list;
  for (Link* link = all; link != nullptr; link = link->next) {
    last->next = link;
    link->prev = last;
    last = link;
  }
  last->next = &list;
  list.prev = last;
}

}  // namespace

Timer::~Timer() {
  if (wheel_ != nullptr) wheel_->Cancel(*this);
}

Wheel::Wheel(Time now) : grain_(GrainOf(now)) {}

Wheel::~Wheel() {
  for (auto& level : slots_) {
    for (Link& slot : level) {
      while (slot.next != &slot) {
        Timer& timer = TimerOf(slot.next);
        Remove(static_cast<Link&>(timer.node_));
        timer.wheel_ = nullptr;
      }
    }
  }
}

std::uint64_t Wheel::GrainOf(Time t) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, t.time_since_epoch().count())) >>
         kGrainBits;
}

Timer& Wheel::TimerOf(Link* link) { return *static_cast<Timer::Node*>(link)->timer; }

Wheel::Link& Wheel::SlotOf(std::uint64_t grain) {
  const std::size_t level =
      static_cast<std::size_t>(std::bit_width((grain ^ grain_) | (kSlots - 1)) - 1) / kSlotBits;
  const std::size_t slot = (grain >> (level * kSlotBits)) & (kSlots - 1);
  used_[level].Set(slot);
  return slots_[level][slot];
}

void Wheel::Schedule(Timer& timer, Time due) {
  if (timer.wheel_ != nullptr) timer.wheel_->Cancel(timer);
  timer.due_ = due;
  timer.wheel_ = this;
  ++size_;
  Append(SlotOf(std::max(GrainOf(due), grain_)), static_cast<Link&>(timer.node_));
}

void Wheel::Cancel(Timer& timer) {
  if (timer.wheel_ == nullptr) return;
  SFP_CHECK(timer.wheel_ == this);
  Unlink(timer);
}

void Wheel::Unlink(Timer& timer) {
  Link* const next = timer.node_.next;
  const bool last = next == timer.node_.prev;
  Remove(static_cast<Link&>(timer.node_));
  timer.wheel_ = nullptr;
  --size_;
  if (!last || next == &due_) return;
  // What is left is the slot itself, empty now.
  const std::size_t index = static_cast<std::size_t>(next - &slots_[0][0]);
  used_[index / kSlots].Clear(index % kSlots);
}

std::size_t Wheel::Used::First() const {
  for (std::size_t word = 0; word < words_.size(); ++word) {
    if (words_[word] != 0) {
      return 64 * word + static_cast<std::size_t>(std::countr_zero(words_[word]));
    }
  }
  return kSlots;
}

Wheel::Place Wheel::First() const {
  for (std::size_t level = 0; level < kLevels; ++level) {
    if (const std::size_t slot = used_[level].First(); slot < kSlots) return {level, slot};
  }
  return {kLevels, 0};
}

std::uint64_t Wheel::SlotStart(std::size_t level, std::size_t slot) const {
  const std::size_t shift = level * kSlotBits;
  const std::uint64_t above = grain_ >> (shift + kSlotBits) << (shift + kSlotBits);
  return above | (static_cast<std::uint64_t>(slot) << shift);
}

void Wheel::MoveDown(std::size_t level, std::size_t slot) {
  Link& from = slots_[level][slot];
  used_[level].Clear(slot);
  while (from.next != &from) {
    Timer& timer = TimerOf(from.next);
    Remove(static_cast<Link&>(timer.node_));
    Append(SlotOf(GrainOf(timer.due_)), static_cast<Link&>(timer.node_));
  }
}

void Wheel::TakeDue(std::size_t slot, Time now) {
  Link& from = slots_[0][slot];
  Sort(from, [](Link* a, Link* b) { return TimerOf(a).due_ < TimerOf(b).due_; });
  while (from.next != &from && TimerOf(from.next).due_ <= now) {
    Link& link = *from.next;
    Remove(link);
    Append(due_, link);
  }
  if (from.next == &from) used_[0].Clear(slot);
}

void Wheel::Advance(Time now) {
  SFP_CHECK(!advancing_);
  advancing_ = true;
  const std::uint64_t target = std::max(GrainOf(now), grain_);
  for (;;) {
    const auto [level, slot] = First();
    if (level == kLevels) break;
    const std::uint64_t start = SlotStart(level, slot);
    if (start > target) break;
    grain_ = std::max(grain_, start);
    if (level > 0) {
      MoveDown(level, slot);
      continue;
    }
    TakeDue(slot, now);
    if (start == target) break;
  }
  grain_ = target;
  while (due_.next != &due_) {
    Timer& timer = TimerOf(due_.next);
    Unlink(timer);
    timer.OnTimer(now);
  }
  advancing_ = false;
}

Time Wheel::NextDue() const {
  if (due_.next != &due_) return TimerOf(due_.next).due_;
  const auto [level, slot] = First();
  if (level == kLevels) return kNever;
  const Link& list = slots_[level][slot];
  // Exact in level 0, and further ahead where the list is short.
  int left = level == 0 ? -1 : 16;
  Time earliest = kNever;
  for (const Link* link = list.next; link != &list; link = link->next) {
    if (left-- == 0) return Time(Duration(SlotStart(level, slot) << kGrainBits));
    earliest = std::min(earliest, TimerOf(const_cast<Link*>(link)).due_);
  }
  return earliest;
}

}  // namespace sfp::engine
