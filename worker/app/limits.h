#pragma once

// How many connections the machine lets this worker have: each needs a descriptor and, towards one
// target address from one source address, a local port. Told to the master when joining, so that a
// run which cannot work is refused before anything is sent.
//
// Thread: safe.

#include <cstdint>
#include <string>

namespace sfp::app {

// Ports in the text of /proc/sys/net/ipv4/ip_local_port_range ("32768\t60999"); 0 if it is
// unreadable.
std::uint64_t PortsOfRange(const std::string& range);

// Descriptors less those that the worker needs itself.
std::uint64_t MostUsers(std::uint64_t descriptors);

// Connections that one of our addresses can have to one address of the target; 0: unknown.
std::uint64_t LocalPorts();

}  // namespace sfp::app
