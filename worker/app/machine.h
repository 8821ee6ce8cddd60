#pragma once

// What the worker's machine gives it, read once a second: how long the CPU limit of its cgroup held
// it back, and how much of its descriptors and local ports is in use.
//
// Thread: confined to the worker's control loop.

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/cores.h"
#include "common/stats/interval.h"

namespace sfp::app {

class Machine {
 public:
  explicit Machine(std::uint64_t descriptor_limit);
  // The throttling since the last call, the rest as it is now.
  stats::Machine Read();

 private:
  const std::uint64_t descriptor_limit_;
  const std::uint64_t port_limit_;
  std::optional<Throttling> throttling_;
  std::uint64_t descriptors_ = 0;
  std::uint32_t turns_ = 0;
};

// Connections in TIME_WAIT in the text of /proc/net/sockstat.
std::uint64_t TimeWaitsOf(const std::string& sockstat);

}  // namespace sfp::app
