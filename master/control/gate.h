#pragma once

// The workers' port. It accepts, looks at the first bytes, does the TLS handshake, and lets in what
// speaks HTTP/2 and, with TLS, shows a certificate of the cluster. Everybody else is turned away
// with a line in the log that says what to do, and never reaches gRPC.
//
//   accept ──> waiting ──first bytes──> handshake ──> OnAdmit(descriptor, peer)
//               │ at most kMostWaiting of both; the oldest makes room, all have 10 s
//
// Thread: a loop of its own. Open and destruction anywhere; OnAdmit is called on the gate's.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/base/units.h"
#include "common/net/tls.h"

namespace sfp::control {

struct GateOptions {
  HostPort address;
  net::TlsContext tls;      // none: plain text
  std::string tls_folder;   // for messages
  std::string own_names;    // that the own certificate is for, for messages
  bool local_door = false;  // listen on 127.0.0.1 in plain text, too, on a port of its own
  Duration handshake_limit = std::chrono::seconds(10);
};

class Gate {
 public:
  static constexpr std::size_t kMostWaiting = 256;
  // A descriptor that speaks plain HTTP/2 and belongs to the callee; who is at its other end.
  using OnAdmit = std::function<void(int fd, const std::string& peer)>;

  static StatusOr<std::unique_ptr<Gate>> Open(GateOptions options, OnAdmit on_admit);
  // Cuts whoever is still connected through TLS.
  ~Gate();

  int port() const;
  int local_port() const;  // 0: none
  // From its return on no one is let in.
  void Close();
  // After Close: returns when those who came in through TLS have left, or after the limit.
  void Drain(Duration limit);

 private:
  Gate();
  class Doors;
  std::unique_ptr<Doors> doors_;
};

}  // namespace sfp::control
