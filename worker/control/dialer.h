#pragma once

// One attempt to reach the master: look the name up, connect, shake hands, and carry the bytes from
// then on (net::Tunnel). It knows the exact reason when something stands in the way, and tells
// whether trying again can help.
//
// Thread: Dial and destruction on the owner's; the callbacks come on the dialer's own thread, one
// after another; End() and Reached() are safe.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/units.h"
#include "common/net/credentials.h"

namespace sfp::control {

struct DialOptions {
  HostPort master;
  std::optional<net::Credentials> credentials;  // absent: plain text
  Duration limit = std::chrono::seconds(10);    // for the connection, and again for the handshake
};

struct CallEnd {
  std::string reason;    // one line for people; empty: the peer had spoken before the end
  bool refused = false;  // this worker and that master cannot come together as they were started
};

class Dialer {
 public:
  struct Events {
    std::function<void(int fd)> on_open;  // plain text, the callee's
    // No on_open came and none will.
    std::function<void(const CallEnd& end)> on_failed;
  };
  class Call;

  Dialer(DialOptions options, Events events);
  // Cuts the call; no callback comes any more once it returns.
  ~Dialer();

  void Dial();
  // The newest moment at which the master's machine answered, if only its kernel: something that
  // was sent was acknowledged, or the connection refused. Time{} before the first.
  Time Reached() const;
  // Why the call ended, as soon as it is known; never later than its descriptor tells.
  std::optional<CallEnd> End() const;

 private:
  const std::unique_ptr<Call> call_;
};

}  // namespace sfp::control
