#pragma once

// The seam between users and sockets: what a virtual user asks of its connection. Two
// implementations: http::Connection (Asio, Beast's parser, OpenSSL) and the simulated server of
// tests/support.
//
// A user has one connection, kept alive between its requests. Start() begins one request; exactly
// one OnExchange() follows, from the loop, never from inside Start(). A connection that the server
// closed while idle is replaced before anything is written, and said so (`reconnected`), but a
// request that was written is never sent again.
//
// Start for the next request may be called from inside OnExchange, as the handler's last use of the
// exchange: a user without waits goes on at once, and nothing nests deeper than that. A connection
// is never destroyed from inside its own OnExchange.
//
// Thread: confined to one loop.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "common/base/time.h"
#include "common/stats/outcome.h"

namespace sfp::engine {

// One rendered request. The bytes need to stay valid during the call of Start only.
struct Request {
  std::string_view bytes;     // complete HTTP/1.1 message
  bool head = false;          // a HEAD request: its response has no body
  bool keep_body = false;     // the caller wants the response body (decoded from chunks)
  bool keep_headers = false;  // the caller wants Location and Set-Cookie
  bool keep_fields = false;   // the caller wants all header fields
  Duration timeout{0};        // of the whole exchange; 0: none
};

// What came of it. Views are valid during OnExchange only.
struct Exchange {
  stats::Sample sample;       // sample.failure points to `failure` when it failed
  stats::Failure failure;     // transport failures only; expectations are judged by the caller
  std::string_view body;      // if keep_body
  std::string_view location;  // if keep_headers; empty if absent
  std::string_view fields;    // "Name: value\n" for each, if keep_fields
  std::span<const std::string_view> set_cookies;
};

class ExchangeHandler {
 public:
  virtual void OnExchange(Exchange& exchange) = 0;

 protected:
  ~ExchangeHandler() = default;
};

class Connection {
 public:
  virtual ~Connection() = default;  // closes; a pending OnExchange does not come any more
  virtual void Start(const Request& request, ExchangeHandler& handler) = 0;
};

// Makes the connections of one loop's users, all to the scenario's target. `user_class` is the
// user's scenario::ClassId: classes may have certificates of their own.
class Connector {
 public:
  virtual std::unique_ptr<Connection> Connect(std::uint64_t user, std::uint16_t user_class) = 0;

 protected:
  ~Connector() = default;
};

}  // namespace sfp::engine
