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
// The lease on the users: so long the master certainly leaves them to a worker after it last heard
// from it (2.5 s, and up to 0.5 s until it says that it did).
inline constexpr Duration kLease = std::chrono::seconds(3);

class Link {
 public:
  enum class State { kDown, kConnecting, kOpen, kWelcome, kClosing };
  static constexpr Duration kShortestWait = std::chrono::milliseconds(100);
  static constexpr Duration kLongestWait = std::chrono::seconds(2);

  // The session spreads the attempts of many workers.
  Link(std::uint64_t session, Time now)
      : rng_(session), heard_(now), confirmed_(now), reached_(now), next_attempt_(now) {}

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
    Confirmed(opened_);
    state_ = State::kWelcome;
    wait_ = kShortestWait;
  }
  void Closing() { state_ = State::kClosing; }
  void Down(Time now) {
    state_ = State::kDown;
    next_attempt_ = now + FromSeconds(Seconds(wait_) * (0.75 + 0.25 * rng_.Uniform()));
    wait_ = std::min(2 * wait_, kLongestWait);
  }
  // The master asks for patience.
  void Slow() { wait_ = kLongestWait; }

  void Heard(Time now) { heard_ = now; }
  // How long nothing was heard from the master, on whatever stream.
  Duration Silence(Time now) const { return now - heard_; }
  // What we said then has reached the master: it says so itself.
  void Confirmed(Time sent) { confirmed_ = std::max(confirmed_, sent); }
  // The master's machine answered, if only its kernel: the network between us is whole. It keeps a
  // lease, but cannot bring one back: after a gap the master may have given the users away.
  void Reached(Time at) {
    if (at - LeasedFrom() < kMostGap) reached_ = std::max(reached_, at);
  }
  bool LeaseIsOut(Time now) const { return now - LeasedFrom() > kLease; }

  // An open stream on which nothing comes any more: half of it may be gone.
  bool Stale(Time now) const { return open() && now - std::max(heard_, opened_) > kMostSilence; }

 private:
  // Shorter than the silence after which the master gives users away, longer than kLongestWait.
  static constexpr Duration kMostGap = std::chrono::milliseconds(2300);
  Time LeasedFrom() const { return std::max(confirmed_, reached_); }

  Rng rng_;
  State state_ = State::kDown;
  Time heard_;
  Time confirmed_;
  Time reached_;
  Time opened_{};
  Time next_attempt_;
  Duration wait_ = kShortestWait;
};

}  // namespace sfp::agent
