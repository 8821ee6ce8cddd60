#pragma once

// A server in virtual time behind engine::Connector: a queue in front of c servers (M/M/c when the
// service is exponential), first come first served, whose answers are a function of the request's
// bytes. It can freeze, refuse, and answer at once. In steady state it allocates nothing, unless it
// keeps a log.
//
//   SimClock clock;
//   SimServer server(clock, {.servers = 6, .service = 170ms, .exponential = true});
//   engine::Engine engine(program, pools, server, wheel, observer, {});
//
// It outlives its connections. Thread: one.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/rng.h"
#include "common/stats/outcome.h"
#include "tests/support/sim_clock.h"
#include "worker/engine/connection.h"

namespace sfp::support {

struct SimReply {
  int status = 200;
  std::string_view body;      // must stay valid
  std::string_view location;  // must stay valid
  std::vector<std::string_view> set_cookies;
  stats::FailureKind failure = stats::FailureKind::kNone;  // instead of an answer
  bool stale = false;                                      // on a connection that was used before
};

class SimServer final : public engine::Connector {
 public:
  struct Options {
    std::uint32_t servers = 0;  // 0: as many as requests
    Duration service{0};
    bool exponential = false;
    std::uint64_t seed = 1;
    std::function<Duration(std::string_view request)> service_of;  // instead of `service`
    std::function<SimReply(std::string_view request)> reply;       // default: 200, no body
    std::vector<std::pair<Time, Time>> freezes;  // in order; no service goes on within them
    bool keep_log = false;
  };

  SimServer(SimClock& clock, Options options);
  ~SimServer();

  std::unique_ptr<engine::Connection> Connect(std::uint64_t user,
                                              std::uint16_t user_class) override;

  std::uint64_t started() const { return started_; }
  std::uint64_t answered() const { return answered_; }
  std::size_t connections() const { return connections_; }
  // The bytes of every request in order of arrival, with keep_log.
  const std::vector<std::string>& log() const { return log_; }
  // The users who connected, in order, with keep_log.
  const std::vector<std::uint64_t>& connects() const { return connects_; }

 private:
  class Connection;
  void Arrive(Connection& connection, std::string_view request);
  void Serve(Connection& connection);
  void Leave(Connection& connection);
  Time EndOf(Time begin, Duration service) const;

  SimClock& clock_;
  Options options_;
  Rng rng_;
  std::uint32_t busy_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t answered_ = 0;
  std::size_t connections_ = 0;
  Connection* first_ = nullptr;  // of those who wait
  Connection* last_ = nullptr;
  std::vector<std::string> log_;
  std::vector<std::uint64_t> connects_;
};

}  // namespace sfp::support
