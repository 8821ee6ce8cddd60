#pragma once

// How far a worker's monotonic clock is from ours, from pings: of the newest ones the shortest
// round trip decides, since whatever made the others longer may have done so on one way only. The
// error is at most half that round trip.
//
// Thread: confined to its owner's loop.

#include <cstdint>
#include <deque>
#include <optional>

#include "common/base/time.h"

namespace sfp::coordinator {

class ClockOffset {
 public:
  static constexpr std::size_t kWindow = 16;
  static constexpr std::size_t kEnough = 5;  // samples before a start is dated by it

  void Sent(Time now);
  // An answer to a ping that was not sent, or was answered already, is no sample: false.
  bool Received(std::int64_t master_ns, std::int64_t worker_ns, Time now);
  // Answers that were on their way on a broken stream will not come.
  void Forget() { sent_.clear(); }

  bool good() const { return samples_.size() >= kEnough; }
  std::size_t samples() const { return samples_.size(); }
  // Worker's clock - our clock. 0 while nothing is known.
  Duration offset() const { return best_ ? best_->offset : Duration(0); }
  Duration round_trip() const { return best_ ? best_->round_trip : Duration(0); }
  // A moment of ours on the worker's clock.
  std::int64_t ToWorkerNs(Time t) const { return (t.time_since_epoch() + offset()).count(); }

 private:
  struct Sample {
    Duration round_trip;
    Duration offset;
  };
  std::deque<Time> sent_;
  std::deque<Sample> samples_;
  std::optional<Sample> best_;
};

}  // namespace sfp::coordinator
