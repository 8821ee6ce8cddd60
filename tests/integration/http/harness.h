#pragma once

// A loop with one client on it, run by hand: Run() starts a request and turns the loop until its
// outcome is there. Outcomes are copied out, so that a test may look at them afterwards.
//
// Thread: the test's own.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/stats/outcome.h"
#include "worker/engine/wheel.h"
#include "worker/http/client.h"

namespace sfp::http {

struct Outcome {
  int count = 0;  // calls of OnExchange
  stats::Sample sample;
  stats::Failure failure;
  std::string body;
  std::string location;
  std::vector<std::string> cookies;

  bool ok() const { return count == 1 && failure.kind == stats::FailureKind::kNone; }
  Duration phase(stats::Phase phase) const {
    return sample.phases[static_cast<std::size_t>(phase)];
  }
};

class Receiver final : public engine::ExchangeHandler {
 public:
  void OnExchange(engine::Exchange& exchange) override;
  Outcome outcome;
  std::function<void()> then;  // called at the end of OnExchange
};

class Harness {
 public:
  // `shared`: so many connections for all users.
  explicit Harness(Destination destination, std::uint32_t shared = 0);
  // Plain, to 127.0.0.1 and this port.
  explicit Harness(std::uint16_t port);

  std::unique_ptr<engine::Connection> Connect(std::uint64_t user = 0) {
    return client_.Connect(user, 0);
  }
  Outcome Run(engine::Connection& connection, const engine::Request& request);
  Outcome Get(engine::Connection& connection);  // keeps body and headers
  // Turns the loop until it holds; false after 10 s.
  bool RunUntil(const std::function<bool()>& holds);
  // Turns the loop as long as something is ready.
  void RunReady();

  const Counters& counters() const { return client_.counters(); }
  Client& client() { return client_; }
  Reactor& reactor() { return reactor_; }
  engine::Wheel& wheel() { return wheel_; }

 private:
  Reactor reactor_;
  engine::Wheel wheel_{Now()};
  Client client_;
};

Destination To(const std::string& address, std::uint16_t port);
Endpoint At(const std::string& address, std::uint16_t port);

inline constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

}  // namespace sfp::http
