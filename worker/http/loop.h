#pragma once

// What the connections of one loop share, and the state of an exchange under way, which a
// connection borrows for that time only: an idle user costs a socket and little more.
//
// Thread: confined to its loop.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/engine/connection.h"
#include "worker/engine/wheel.h"
#include "worker/http/buffer_pool.h"
#include "worker/http/destination.h"
#include "worker/http/reactor.h"
#include "worker/http/response.h"

namespace sfp::http {

// One exchange from Start to OnExchange.
struct Call {
  void Begin(const engine::Request& request, engine::ExchangeHandler& to, Time now);

  engine::ExchangeHandler* handler = nullptr;
  engine::Exchange exchange;
  std::unique_ptr<Response> response;  // borrowed while bytes of it are there
  std::vector<std::string_view> cookies;
  std::string decoded;
  std::string unsent;  // what the socket did not take at once, from `sent` on
  std::size_t sent = 0;
  bool all_sent = false;
  bool head = false;
  bool keep_body = false;
  bool keep_headers = false;
  bool keep_fields = false;
  bool finished = false;  // decided; only OnExchange is to come
  int send_error = 0;     // errno of a write; what the server said before is still read
  stats::Phase phase = stats::Phase::kConnect;
  Time phase_began{};
  Time first_byte_at{};
  Time sent_at{};
  Duration phase_limit{0};  // 0: none
  Duration total_limit{0};
  Time phase_due = kNever;
  Time total_due = kNever;
};

struct Counters {
  std::uint64_t connects = 0;     // TCP connections that came about
  std::uint64_t tls_resumed = 0;  // of them, with a resumed session
  std::uint64_t left_over =
      0;  // responses with further bytes behind them: the connection was closed
  std::uint64_t unsolicited = 0;  // bytes on an idle connection: it was closed
};

class Loop {
 public:
  Loop(Reactor& reactor, engine::Wheel& wheel, std::shared_ptr<const Destination> destination)
      : reactor_(reactor),
        wheel_(wheel),
        destination_(std::move(destination)),
        addresses_(destination_->addresses) {}

  Reactor& reactor() { return reactor_; }
  engine::Wheel& wheel() { return wheel_; }
  const Destination& destination() const { return *destination_; }
  // For connections to come; the destination's at first.
  const std::vector<Endpoint>& addresses() const { return addresses_; }
  void set_addresses(std::vector<Endpoint> addresses) { addresses_ = std::move(addresses); }
  BufferPool& buffers() { return buffers_; }
  Counters& counters() { return counters_; }

  std::unique_ptr<Call> TakeCall();
  void GiveBack(std::unique_ptr<Call> call);
  // Begun as the call wants it. Few are in use at a time, however many calls wait for an answer, so
  // that they stay in the processor's caches.
  std::unique_ptr<Response> TakeResponse(const Call& call);
  void GiveBack(std::unique_ptr<Response> response);

  // None of the channels may outlive the loop.
  void Add() { ++channels_; }
  void Remove() { --channels_; }
  std::size_t channels() const { return channels_; }

 private:
  Reactor& reactor_;
  engine::Wheel& wheel_;
  std::shared_ptr<const Destination> destination_;
  std::vector<Endpoint> addresses_;
  BufferPool buffers_;
  std::vector<std::unique_ptr<Response>> spare_responses_;  // after buffers_, to give theirs back
  std::vector<std::unique_ptr<Call>> spare_;
  Counters counters_;
  std::size_t channels_ = 0;
};

}  // namespace sfp::http
