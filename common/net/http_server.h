#pragma once

// A small HTTP/1.1 server for one loop: the demo API's and the master's page and REST. Keep-alive,
// TLS, limits against slow and greedy clients, answers that come later, streams (server-sent
// events).
//
//   net::HttpServer server(loop, options, [](const net::HttpRequest& request, net::Responder
//   responder) {
//     responder.Send({.status = 200, .body = "{}"});          // now, or later from the same loop
//   });
//   SFP_CHECK(server.Listen("127.0.0.1", 0).ok());             // server.port() says which
//
// Limits: a head above most_head_bytes is answered 431, a body above most_body_bytes 413, a request
// that is not complete read_timeout after its first byte 408, a malformed one 400, each followed by
// the connection's end. Connections above most_connections wait in the kernel's backlog. One
// request of a connection is served at a time; pipelined ones wait.
//
// The loop must run on one thread. SIGPIPE is ignored for the process from the first server on.
//
// Thread: confined to its loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/time.h"

struct ssl_ctx_st;
namespace boost::asio {
class io_context;
}

namespace sfp::net {

class HttpConnection;
class HttpCore;

struct HttpField {
  std::string_view name;
  std::string_view value;
};

// Views are valid during the handler's call only.
struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::span<const HttpField> fields;
  std::string_view body;
  bool keep_alive = true;
  std::uint64_t connection = 0;  // number of the connection, from 1
  std::uint64_t index = 0;       // of the request on its connection, from 1

  // The first field of that name, whatever its case; empty if there is none.
  std::string_view Field(std::string_view name) const;
};

// Views need to stay valid during the call only. A response to HEAD is sent without its body.
struct HttpReply {
  int status = 200;
  std::string_view content_type = "application/json";  // empty: no such field
  std::string_view body;
  std::string_view fields;  // further fields, each ended by CRLF
  bool close = false;       // end the connection afterwards
};

// The right to answer one request. A copyable handle: once the exchange is over, or the client or
// the server has gone, every call does nothing and returns false.
class Responder {
 public:
  Responder() = default;
  Responder(std::weak_ptr<HttpConnection> connection, std::uint64_t exchange);

  // Goes to the observer with the exchange.
  bool Tag(std::uint64_t tag) const;
  // Called once if the exchange ends before its answer was handed to the kernel as a whole.
  bool OnGone(std::function<void()> callback) const;

  bool Send(const HttpReply& reply) const;

  // A response of unknown length: StartStream (the reply's body is its first piece), Write..., End.
  // What the client does not take is kept up to most_stream_bytes; beyond that the connection is
  // dropped.
  bool StartStream(const HttpReply& reply) const;
  bool Write(std::string_view piece) const;
  bool End() const;
  // Bytes of it that the client has not taken yet: who would rather leave something out than have
  // it wait asks first.
  std::size_t Waiting() const;

  // For faults on purpose. These bytes instead of a response, then the end of the connection.
  bool SendRaw(int status, std::string_view bytes) const;
  enum class AbortKind { kClose, kReset };  // FIN, RST
  bool Abort(AbortKind kind) const;

 private:
  std::shared_ptr<HttpConnection> Lock() const;

  std::weak_ptr<HttpConnection> connection_;
  std::uint64_t exchange_ = 0;
};

using HttpHandler = std::function<void(const HttpRequest& request, Responder responder)>;

enum class HttpCloseReason {
  kPeer,          // the client closed or reset it
  kIdle,          // idle_timeout
  kReadTimeout,   // before or after a 408; a TLS handshake that took too long
  kWriteTimeout,  // the client did not take its response
  kSlowReader,    // a stream's buffer was full
  kServer,        // after a response that said so
  kAborted,       // Responder::Abort
  kHandshake,     // TLS failed
  kShutdown,      // Stop
};

struct HttpExchange {
  std::uint64_t connection = 0;
  std::uint64_t index = 0;  // 0: what was received never became a request (400, 408, 413, 431)
  std::uint64_t tag = 0;
  int status = 0;                    // 0: nothing was answered
  bool complete = false;             // the whole answer was handed to the kernel
  std::uint64_t bytes_received = 0;  // of HTTP, above TLS
  std::uint64_t bytes_sent = 0;
  Duration duration{0};  // from the complete request to the last byte sent
};

// Counts what happens. An exchange is reported before anything else of the loop happens.
class HttpObserver {
 public:
  virtual void OnAccept(std::uint64_t connection) = 0;
  virtual void OnExchange(const HttpExchange& exchange) = 0;
  // stray_bytes: received, but not part of any reported exchange.
  virtual void OnClose(std::uint64_t connection, HttpCloseReason reason,
                       std::uint64_t stray_bytes) = 0;

 protected:
  ~HttpObserver() = default;
};

struct HttpServerOptions {
  ssl_ctx_st* tls = nullptr;  // an SSL_CTX that outlives the server; null: plain
  Duration idle_timeout{60'000'000'000};
  Duration read_timeout{10'000'000'000};
  Duration write_timeout{30'000'000'000};
  std::uint32_t most_head_bytes = 8 * 1024;
  std::uint64_t most_body_bytes = 1024 * 1024;
  std::size_t most_stream_bytes = 256 * 1024;
  std::uint32_t most_connections = 10'000;
  int backlog = 4096;
  // What stands in the answers that the server gives itself, to what is no request or too large;
  // empty: {"errors":[{"status":"413","title":"…"}]}.
  std::function<std::string(int status, std::string_view reason)> refusal;
  // A fault on purpose: connections for which it returns true are looked at only after
  // accept_delay.
  std::function<bool(std::uint64_t connection)> delays_accept;
  Duration accept_delay{0};
};

class HttpServer {
 public:
  HttpServer(boost::asio::io_context& loop, HttpServerOptions options, HttpHandler handler,
             HttpObserver* observer = nullptr);
  ~HttpServer();  // drops every connection; no callback comes any more
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // host: an IP address or a name. Port 0: any free one.
  Status Listen(const std::string& host, std::uint16_t port);
  std::uint16_t port() const;
  std::size_t connections() const;

  // Takes no more connections, ends the idle ones, lets exchanges finish for `grace`, then calls
  // done once, from the loop.
  void Stop(Duration grace, std::function<void()> done);

 private:
  std::shared_ptr<HttpCore> core_;
};

}  // namespace sfp::net
