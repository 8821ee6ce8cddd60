#pragma once

// The master's web side, on the master's loop: the page, what it listens to, and the same for
// scripts. Every route: README.md.
//
// Errors are JSON, {"error":"a sentence"}, with the status that fits: 400 what was sent is wrong,
// 401 and 403 not allowed (access.h), 404, 405, 409 not at this moment, 413 and 431 too large, 415,
// 429 too many pages or downloads, 503.
//
// A POST is JSON, or, without an Origin, a form (scripts).
//
// Thread: confined to its loop.

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "common/base/status.h"
#include "common/net/http_server.h"
#include "master/web/access.h"
#include "master/web/backend.h"
#include "master/web/downloads.h"
#include "master/web/events.h"
#include "master/web/snapshot.h"

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

  // A call that is being served.
  struct Call {
    const net::HttpRequest& request;
    const net::Responder& responder;
    std::string_view path;
    std::string_view query;
    Access::Pass pass = Access::Pass::kOpen;
  };
  struct Route {
    std::string_view method;  // GET (HEAD too) or POST
    std::string_view path;    // {name} stands for one segment
    void (Server::*serve)(const Call& call);
    bool open = false;  // needs no token
  };
  static std::span<const Route> Routes();

 private:
  void Handle(const net::HttpRequest& request, const net::Responder& responder);
  void ServeFile(const Call& call);
  void ServeScript(const Call& call);
  void ServeLogin(const Call& call);
  void ServeHealth(const Call& call);
  void ServeReady(const Call& call);
  void ServeMetrics(const Call& call);
  void ServeEvents(const Call& call);
  void ServeStatus(const Call& call);
  void ServeConfig(const Call& call);
  void ServeStats(const Call& call);
  void ServeSeries(const Call& call);
  void ServeCapacity(const Call& call);
  void ServeFailures(const Call& call);
  void ServeWorkers(const Call& call);
  void ServeLog(const Call& call);
  void ServeReports(const Call& call);
  void ServeReport(const Call& call);
  void Login(const Call& call);
  void Logout(const Call& call);
  void Start(const Call& call);
  void Edit(const Call& call);
  void Stop(const Call& call);
  void Reset(const Call& call);
  void ReplyStatus(const Call& call, const Status& status);
  void Tick();

  const Options options_;
  Backend& backend_;
  Access access_;
  Snapshot snapshot_;
  Events events_;
  Downloads downloads_;
  std::string newest_;  // snapshot
  boost::asio::steady_timer timer_;
  bool ticking_ = false;
  net::HttpServer http_;
};

}  // namespace sfp::web
