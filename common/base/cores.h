#pragma once

// What the machine lets this process have: cores, memory and descriptors.
//
// Cores: the cores of its affinity mask, and no more than the CPU quota of its cgroup allows. A
// container with a quota of 1.5 on a 64-core host gets 2 threads, not 64. Memory: the limit of its
// cgroup.
//
// Cgroups of version 1 and 2, and both at once. A limit of any group above holds too, so the least
// one counts. In a container the path in /proc/self/cgroup may be the host's while only the
// container's own group is mounted: then the mount point itself is asked, as it always is.
//
// Thread: safe, no state.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sfp {

struct CgroupLimits {
  std::optional<double> cores;                // absent: no quota
  std::optional<std::uint64_t> memory_bytes;  // absent: no limit
};

// From the files of cgroups; `root` stands before /proc and /sys (tests).
CgroupLimits ReadCgroupLimits(const std::string& root = "");

// At least 1: the affinity mask's cores, at most the quota rounded up.
std::uint32_t UsableCores();

// What this process may use at most: its cgroup's limit, or the machine's memory; 0: not known.
std::uint64_t UsableMemory();

// Raises the soft limit of open files to the hard one; returns what is allowed now.
std::uint64_t RaiseDescriptorLimit();

// How often and how long the CPU limits of the process's cgroups, of its own and of those above
// it, held it back so far. Nothing where there is no such accounting.
struct Throttling {
  std::uint64_t periods = 0;
  std::chrono::nanoseconds time{0};
};
std::optional<Throttling> CgroupThrottling();
// From a cgroup's cpu.stat, of either version.
std::optional<Throttling> ThrottlingOf(const std::string& cpu_stat);

}  // namespace sfp
