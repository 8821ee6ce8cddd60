#pragma once

// Listening sockets, and how a peer's address is written.
//
// Thread: safe, no state.

#include <cstdint>
#include <string>

#include "common/base/status.h"

namespace sfp::net {

// A descriptor that listens and never blocks. Port 0: any. "cannot listen on 10.0.0.1:80:
// Permission denied".
StatusOr<int> OpenListener(const std::string& host, std::uint16_t port, int backlog);
std::uint16_t PortOf(int fd);

struct Peer {
  std::string address;  // "10.0.0.5", "fe80::1"
  std::string text;     // "10.0.0.5:4711", "[fe80::1]:4711"
};
Peer PeerOf(int fd);

}  // namespace sfp::net
