#pragma once

// The receiving end of a session: lets each snapshot through once, in order, whatever was repeated.
//
//   switch (inbox.Judge(sequence)) {
//     kNext:      apply it, keep it safe, inbox.Accept(), acknowledge inbox.applied()
//     kDuplicate: acknowledge inbox.applied() again
//     kGap:       the peer is broken: a stream keeps its order, a resumed one starts behind applied()
//   }
//
// Used by the coordinator, one per worker and run. Thread: confined to its owner's loop.

#include <cstdint>

namespace sfp::session {

class Inbox {
 public:
  enum class Verdict { kNext, kDuplicate, kGap };

  Inbox() = default;
  // All up to `applied` were let through by an earlier one.
  explicit Inbox(std::uint64_t applied) : applied_(applied) {}

  Verdict Judge(std::uint64_t sequence) const {
    if (sequence == applied_ + 1) return Verdict::kNext;
    return sequence <= applied_ && sequence > 0 ? Verdict::kDuplicate : Verdict::kGap;
  }
  // The one judged kNext is applied.
  void Accept() { ++applied_; }
  std::uint64_t applied() const { return applied_; }

 private:
  std::uint64_t applied_ = 0;
};

}  // namespace sfp::session
