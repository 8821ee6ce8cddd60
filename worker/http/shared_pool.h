#pragma once

// A few connections that all users of a loop share, as behind a gateway: a request takes the free
// connection that was used last, or waits for one, first come first served. The wait is the phase
// "blocked" of the exchange and counts towards its response time and its timeout.
//
//   user ── Lease ──┐                        ┌── Channel
//   user ── Lease ──┼── SharedPool: waiting ─┼── Channel
//   user ── Lease ──┘               free     └── …
//
// Thread: confined to its loop.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "worker/engine/connection.h"
#include "worker/engine/wheel.h"
#include "worker/http/channel.h"
#include "worker/http/loop.h"

namespace sfp::http {

class SharedPool {
 public:
  SharedPool(Loop& loop, std::uint32_t connections);
  ~SharedPool();

  // A user's part in it, which the pool outlives.
  std::unique_ptr<engine::Connection> Connect();

 private:
  class Lease;

  void Free(Channel& channel);

  Loop& loop_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<Channel*> free_;
  std::deque<Lease*> waiting_;
  std::size_t leases_ = 0;
};

}  // namespace sfp::http
