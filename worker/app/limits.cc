#include "worker/app/limits.h"

#include <algorithm>
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
  const std::uint64_t users = descriptors > kOwn ? descriptors - kOwn : 0;
  const std::uint64_t ports =
      PortsOfRange(ReadFile("/proc/sys/net/ipv4/ip_local_port_range", 4096).value_or(""));
  return ports == 0 ? users : std::min(users, ports);
}

}  // namespace sfp::app
