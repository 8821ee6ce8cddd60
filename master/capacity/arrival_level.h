#pragma once

// When may a level of a search over rates end? As LevelGovernor, but users come as arrivals need
// them, so neither cycles per user nor the throughput (which is the rate, as long as the target
// keeps up) say how much is known. Here it is the response time:
//
//   warm-up  2 s, and as long as MSER finds that the requests in flight are still on their way:
//            what an overloaded level before left in the queue is worked off first
//   window   at least 10 s and 300 requests, and until the mean response time's 95 % interval
//            (batch means) is narrower than ±5 %; 60 s if it never is
//   overload the level ends where the target falls behind: in the second half of it, of 10 s at
//            least, a twentieth of what is answered, and more than chance does, is added to what is
//            in flight
//   caps     300 s
//
// Thread: confined to its caller.

#include <cstdint>
#include <optional>
#include <span>

#include "master/capacity/level.h"

namespace sfp::capacity {

struct ArrivalSecond {
  std::uint64_t requests = 0;   // completed
  double response_sum_s = 0;    // of them
  std::uint64_t in_flight = 0;  // at its end
};

// Of what was offered, this part or more was not answered by the end, beyond chance: at such a rate
// the queue grows for ever.
bool FallsBehind(double answered, double more_in_flight);

class ArrivalLevel {
 public:
  static constexpr std::uint32_t kLeastWarmUp = 2;   // s
  static constexpr std::uint32_t kLeastWindow = 10;  // s
  static constexpr double kLeastRequests = 300;
  static constexpr double kPrecision = 0.05;
  static constexpr std::uint32_t kLongestWindow = 60;  // for the precision
  static constexpr std::uint32_t kCap = 300;

  explicit ArrivalLevel(std::uint32_t begin_s) : begin_s_(begin_s) {}

  // `seconds`: the complete ones from begin_s on; what was there the last time, and more.
  LevelDecision Decide(std::span<const ArrivalSecond> seconds);

 private:
  using Seconds = std::span<const ArrivalSecond>;
  void Extend(Seconds seconds);
  LevelDecision After(Seconds seconds);
  void Finish(Seconds seconds, LevelDecision& out) const;
  void Estimate(Seconds seconds, LevelDecision& out) const;

  std::uint32_t begin_s_;
  std::uint32_t warm_up_s_ = kLeastWarmUp;
  std::size_t seen_ = 0;
  LevelDecision last_;
};

}  // namespace sfp::capacity
