#pragma once

// What the machine lets this process have, beside memory: cores and descriptors.
//
// Cores: the cores of its affinity mask, and no more than its
// cgroup's CPU quota (v1 and v2) allows. A container with a quota of 1.5 on a 64-core host gets 2
// threads, not 64.
//
// Thread: safe, no state.

#include <cstdint>
#include <optional>
#include <string>

namespace sfp {

// Cores that the quota grants, from the text of cgroup files; nothing if there is no quota.
//   v2  cpu.max                       "150000 100000"  or  "max 100000"
//   v1  cpu.cfs_quota_us, …period_us  "150000", "100000"  or  "-1"
std::optional<double> QuotaOfV2(const std::string& cpu_max);
std::optional<double> QuotaOfV1(const std::string& quota_us, const std::string& period_us);

// At least 1: the affinity mask's cores, at most the quota rounded up.
std::uint32_t UsableCores();

// Raises the soft limit of open files to the hard one; returns what is allowed now.
std::uint64_t RaiseDescriptorLimit();

}  // namespace sfp
