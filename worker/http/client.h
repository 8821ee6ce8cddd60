#pragma once

// The HTTP client of one loop: makes its users' connections, all to one destination.
//
//   auto destination = PrepareDestination(target, origin);         // once per process, before load
//   Client client(reactor, wheel, *destination);                   // one per loop
//   auto connection = client.Connect(user, user_class);            // one per user
//   connection->Start({.bytes = "GET / HTTP/1.1\r\n…"}, handler);  // -> handler.OnExchange
//
// The loop turns `reactor` and advances `wheel`. The client outlives its connections (checked). A
// user begins with the address of its number, modulo the addresses, and goes on to the next one if
// that is refused or unreachable.
//
// Thread: confined to its loop.

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/engine/connection.h"
#include "worker/engine/wheel.h"
#include "worker/http/destination.h"
#include "worker/http/loop.h"
#include "worker/http/reactor.h"

namespace sfp::http {

class SharedPool;

class Client final : public engine::Connector {
 public:
  // `shared`: so many connections for all users; 0: one for each.
  Client(Reactor& reactor, engine::Wheel& wheel, std::shared_ptr<const Destination> destination,
         std::uint32_t shared = 0);
  ~Client();

  std::unique_ptr<engine::Connection> Connect(std::uint64_t user,
                                              std::uint16_t user_class) override;

  // The host's addresses have changed: connections to come use these.
  void SetAddresses(std::vector<Endpoint> addresses) { loop_->set_addresses(std::move(addresses)); }

  const Counters& counters() const { return loop_->counters(); }
  // Receive buffers that nobody holds: all that were ever needed at once, while no bytes are
  // unread.
  std::size_t spare_buffers() const { return loop_->buffers().spare(); }

 private:
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<SharedPool> pool_;  // null: each user has its own
};

}  // namespace sfp::http
