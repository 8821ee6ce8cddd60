#pragma once

// The sending end of a session: snapshots numbered 1, 2, 3 … within a run, each kept until the
// receiver has acknowledged it, sent again after a reconnection from the first one that is not
// safe.
//
//   Add --> [ acknowledged, gone | sent | not yet sent ] --Next--> the stream
//
// Memory is bounded without losing anything: at most `window` snapshots are under way, and once
// `most_bytes` are kept full() says so and the owner stops making more (the agent stops its load).
//
// Used by the agent; its counterpart is Inbox. Thread: confined to its owner's loop.

#include <cstddef>
#include <cstdint>
#include <deque>

#include "common/base/status.h"
#include "sfp/v1/stats.pb.h"

namespace sfp::session {

class Outbox {
 public:
  struct Limits {
    std::size_t window = 32;                    // sent and not acknowledged
    std::size_t most_bytes = 64 * 1024 * 1024;  // kept, as serialized
  };

  Outbox() : Outbox(Limits()) {}
  explicit Outbox(Limits limits) : limits_(limits) {}

  // Gives it the next sequence and keeps it.
  void Add(v1::Snapshot snapshot);

  // The next one to send now, or null: all are sent or the window is full. Valid until the next
  // call.
  const v1::Snapshot* Next();

  // All up to `sequence` are safe. Refuses one that was never sent: the peer makes it up. One that
  // was acknowledged already is no error.
  Status Acknowledge(std::uint64_t sequence);

  // The stream is a new one and the receiver has all up to `sequence`: the rest is sent again.
  // Refuses a sequence that was never sent, or one below what was acknowledged: the receiver lost
  // what it had.
  Status Resume(std::uint64_t sequence);

  std::uint64_t recorded() const { return acknowledged_ + kept_.size(); }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::size_t unacknowledged() const { return kept_.size(); }
  std::size_t bytes() const { return bytes_; }
  bool full() const { return bytes_ > limits_.most_bytes; }

 private:
  struct Kept {
    v1::Snapshot snapshot;
    std::size_t bytes;
  };

  void DropFirst(std::uint64_t count);

  Limits limits_;
  std::deque<Kept> kept_;  // sequences acknowledged_ + 1, + 2, …
  std::uint64_t acknowledged_ = 0;
  std::size_t under_way_ = 0;    // of kept_, from its front, sent on this stream
  std::uint64_t ever_sent_ = 0;  // the highest sequence sent on any stream
  std::size_t bytes_ = 0;
};

}  // namespace sfp::session
