#pragma once

// The target's addresses, looked up once before the load begins: no name server is in the
// measurement, and every user knows all addresses.
//
// Thread: safe; blocks the caller up to `timeout`.

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace sfp::http {

using Endpoint = boost::asio::ip::tcp::endpoint;

// All IPv4 and IPv6 addresses of the host in the system's order of preference, each once. A literal
// address needs no lookup. timeout 0: as long as the system takes.
StatusOr<std::vector<Endpoint>> Resolve(const std::string& host, std::uint16_t port,
                                        Duration timeout);

// The same list without repetitions, order kept.
std::vector<Endpoint> Distinct(std::span<const Endpoint> endpoints);

}  // namespace sfp::http
