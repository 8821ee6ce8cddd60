#include "worker/app/limits.h"

#include <sstream>

#include "common/base/text.h"

namespace sfp::app {

std::uint64_t PortsOfRange(const std::string& range) {
  std::istringstream in(range);
  std::uint64_t first = 0, last = 0;
  return in >> first >> last && first <= last ? last - first + 1 : 0;
}

std::uint64_t MostUsers(std::uint64_t descriptors) {
  // The standard streams, the control stream, loops, timers and certificates that are being read.
  constexpr std::uint64_t kOwn = 128;
  return descriptors > kOwn ? descriptors - kOwn : 0;
}

std::uint64_t LocalPorts() {
  return PortsOfRange(ReadFile("/proc/sys/net/ipv4/ip_local_port_range", 4096).value_or(""));
}

}  // namespace sfp::app
