#pragma once

// How many users the machine lets this worker have: one connection each needs a descriptor and,
// towards one target address, a local port. Told to the master when joining, so that a run which
// cannot work is refused before anything is sent.
//
// Thread: safe.

#include <cstdint>
#include <string>

namespace sfp::app {

// Ports in the text of /proc/sys/net/ipv4/ip_local_port_range ("32768\t60999"); 0 if it is
// unreadable.
std::uint64_t PortsOfRange(const std::string& range);

// The fewest of: descriptors less those that the worker needs itself, local ports.
std::uint64_t MostUsers(std::uint64_t descriptors);

}  // namespace sfp::app
