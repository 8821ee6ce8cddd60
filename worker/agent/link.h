#pragma once

// The stream to the master as the agent sees it: whether there is one, when to try again, how long
// it has been silent.
//
//   down --(0.1 s … 2 s)--> connecting --Opened--> open --Welcomed--> welcome
//    ^---------------------------- Down ----------------------- closing <--'
//
// Thread: confined to the agent's loop.

#include <algorithm>
#include <cstdint>

#include "common/base/rng.h"
#include "common/base/time.h"

namespace sfp::agent {

// A master that is silent for so long is taken for gone.
inline constexpr Duration kMostSilence = std::chrono::seconds(10);

class Link {
 public:
  enum class State { kDown, kConnecting, kOpen, kWelcome, kClosing };
  static constexpr Duration kShortestWait = std::chrono::milliseconds(100);
  static constexpr Duration kLongestWait = std::chrono::seconds(2);

  // The session spreads the attempts of many workers.
  Link(std::uint64_t session, Time now) : rng_(session), heard_(now), next_attempt_(now) {}

  State state() const { return state_; }
  bool open() const { return state_ == State::kOpen || state_ == State::kWelcome; }
  bool welcome() const { return state_ == State::kWelcome; }
  bool Due(Time now) const { return state_ == State::kDown && now >= next_attempt_; }

  void Connecting() { state_ = State::kConnecting; }
  void Opened(Time now) {
    state_ = State::kOpen;
    opened_ = now;
  }
  void Welcomed() {
    state_ = State::kWelcome;
    wait_ = kShortestWait;
  }
  void Closing() { state_ = State::kClosing; }
  void Down(Time now) {
    state_ = State::kDown;
    next_attempt_ = now + FromSeconds(Seconds(wait_) * (0.75 + 0.5 * rng_.Uniform()));
    wait_ = std::min(2 * wait_, kLongestWait);
  }
  // The master asks for patience.
  void Slow() { wait_ = kLongestWait; }

  void Heard(Time now) { heard_ = now; }
  // How long nothing was heard from the master, on whatever stream.
  Duration Silence(Time now) const { return now - heard_; }
  // An open stream on which nothing comes any more: half of it may be gone.
  bool Stale(Time now) const { return open() && now - std::max(heard_, opened_) > kMostSilence; }

 private:
  Rng rng_;
  State state_ = State::kDown;
  Time heard_;
  Time opened_{};
  Time next_attempt_;
  Duration wait_ = kShortestWait;
};

}  // namespace sfp::agent
