#pragma once

// The simulated API's bottleneck: a pool of connections, first come first served, in front of a few
// database servers that really work in parallel. A request takes a connection, then a server, holds
// both for its service time, and gives both back.
//
//   Enter --> [ waiting for a connection ] --> [ waiting for a server ] --> served for Draw() -->
//   outcome
//
// Built by demo::Service with the loop's time and by the simulation in tests/unit/demo_api with
// virtual time.
//
// Invariants: FIFO in both queues; at most `connections` requests hold a connection and at most
// `servers` are served; a server that falls free serves the next request from that very instant,
// however late Advance() is called, so that a late loop does not change the throughput. A request
// that has been here for `timeout` is killed: while it waits it is taken out, while it is served
// the server works on to the end.
//
// Thread: confined to its owner.

#include <cstdint>
#include <deque>
#include <queue>
#include <unordered_set>
#include <vector>

#include "common/base/rng.h"
#include "common/base/status.h"
#include "common/base/time.h"

namespace sfp::demo {

enum class Law {
  kExponential,
  kConstant,
  kLognormal
};  // lognormal: as wide as it is long (cv = 1)
StatusOr<Law> ParseLaw(std::string_view text);

struct PoolOptions {
  std::uint32_t connections = 30;
  std::uint32_t servers = 6;
  Duration service{170'000'000};  // mean; 0: at once
  Law law = Law::kExponential;
  Duration timeout{120'000'000'000};  // 0: never
  std::uint64_t seed = 0;
};

class Pool {
 public:
  using Id = std::uint64_t;  // never used twice
  struct Outcome {
    Id id = 0;
    Time at;
    bool killed = false;
  };

  explicit Pool(const PoolOptions& options);

  // A request comes. Time never runs backwards between calls of Enter, Hold and Advance.
  void Enter(Id id, Time now);
  // A request that is never served, only killed at its timeout.
  void Hold(Id id, Time now);
  // The client has gone: no outcome follows.
  void Leave(Id id);

  // When Advance has something to do; kNever if it has not.
  Time NextEvent() const;
  // Appends what happened until `now`, in order of time.
  void Advance(Time now, std::vector<Outcome>& outcomes);

  std::size_t present() const { return present_.size(); }
  std::size_t serving() const { return serving_.size(); }
  std::uint32_t connections_in_use() const { return connections_in_use_; }

 private:
  struct Arrival {
    Id id;
    Time at;
  };
  struct Service {
    Time end;
    Id id;
    bool operator>(const Service& other) const {
      return end != other.end ? end > other.end : id > other.id;
    }
  };

  void Promote(Time at);
  void Finish(std::vector<Outcome>& outcomes);
  void Kill(std::vector<Outcome>& outcomes);
  void DropAbsent();
  Duration Draw();

  const PoolOptions options_;
  Rng rng_;
  std::unordered_set<Id> present_;  // entered, without an outcome so far
  std::deque<Arrival> for_connection_;
  std::deque<Arrival> for_server_;
  std::priority_queue<Service, std::vector<Service>, std::greater<>> serving_;
  std::deque<Arrival> by_age_;  // oldest first; those that are not present any more are skipped
  std::uint32_t connections_in_use_ = 0;
};

}  // namespace sfp::demo
