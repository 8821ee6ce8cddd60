#pragma once

// What the generators load: nginx on the server's core, which counts every request itself. It never
// closes a connection of its own accord.
//
// Thread: confined to the main thread.

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/nginx.h"
#include "tests/support/probe.h"

namespace sfp::bench {

struct ServerSetup {
  bool tls = false;            // generators use the port that speaks TLS 1.3
  std::size_t body_bytes = 6;  // of "/"
  bool api = false;            // canned answers of the Staff Fee Privilege API's shape
  int connections = 2000;      // at most
};

class Server {
 public:
  explicit Server(const ServerSetup& setup);

  std::uint16_t port() const { return tls_ ? nginx_->tls_port() : nginx_->port(); }
  std::string url() const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port());
  }

  struct Counts {
    std::uint64_t requests = 0;     // of generators: the questions for these counts are left out
    std::uint64_t connections = 0;  // accepted, likewise
  };
  Counts counts();

  // Stands still for so long, as a process that is stopped does: connections stay, nothing is read.
  void Freeze(double seconds);

 private:
  const bool tls_;
  std::unique_ptr<test::Nginx> nginx_;
  std::unique_ptr<support::Probe> probe_;
  std::uint64_t asked_ = 0;
  std::uint64_t not_theirs_ = 0;  // connections that were ours
};

}  // namespace sfp::bench
