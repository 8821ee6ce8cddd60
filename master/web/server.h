#pragma once

// The master's web side: the page and the REST interface, on the master's loop.
//
//   GET  /                 the status as a page            GET  /healthz   200 while the process lives
//   GET  /api/v1/status    the status as JSON              GET  /ready     200 or 503
//   POST /api/v1/start     {"users"?, "spawn_rate"?, "run_time"?}; the status
//   POST /api/v1/stop      the status
//
// Everything else is a JSON error. POST needs Content-Type application/json, which a form of
// another site can't send, and, if there is an Origin, one equal to Host. While it listens on
// loopback, Host must be a name of loopback, so that no foreign name can be pointed at it (DNS
// rebinding). Elsewhere, if there is a token, everything but /healthz and /ready needs
// "Authorization: Bearer <token>".
//
// Thread: confined to its loop.

#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/net/http_server.h"
#include "master/web/backend.h"

namespace sfp::web {

class Server {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8089;
    ssl_ctx_st* tls = nullptr;  // null: plain
    std::string token;          // empty: none is asked for; never asked for on loopback
  };

  // The backend outlives the server.
  Server(boost::asio::io_context& loop, const Options& options, Backend& backend);

  Status Listen();
  std::uint16_t port() const { return http_.port(); }
  std::string url() const;  // "http://127.0.0.1:8089"
  void Stop(Duration grace, std::function<void()> done) { http_.Stop(grace, std::move(done)); }

 private:
  void Handle(const net::HttpRequest& request, const net::Responder& responder);
  bool MayPass(const net::HttpRequest& request) const;
  void Get(const net::HttpRequest& request, const net::Responder& responder);
  void Post(const net::HttpRequest& request, const net::Responder& responder);
  void ReplyStatus(const net::Responder& responder, const Status& status);

  const Options options_;
  Backend& backend_;
  net::HttpServer http_;
};

// Whether the Host field names this machine's loopback: localhost, 127.x.y.z or [::1], with or
// without port.
bool IsLoopbackHost(std::string_view host);

}  // namespace sfp::web
