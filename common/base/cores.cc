#include "common/base/cores.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <sstream>

#include "common/base/text.h"

namespace sfp {
namespace {

// Version 1 says "no limit" by a number near 2^63.
constexpr double kNoLimit = 1e18;

std::string Content(const std::string& path) { return ReadFile(path, 65536).value_or(""); }

// The process's group below a controller's mount point; `controller` is empty for version 2.
// Lines are "4:cpu,cpuacct:/path" and "0::/path".
std::string GroupIn(const std::string& proc_self_cgroup, const std::string& controller) {
  std::istringstream lines(proc_self_cgroup);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers.find("," + controller + ",") != std::string::npos) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

std::optional<double> Least(std::optional<double> a, std::optional<double> b) {
  return a && b ? std::optional(std::min(*a, *b)) : (a ? a : b);
}

// The least of what `limit` finds in the group's folder and in those of all groups above.
std::optional<double> LeastOf(const std::string& mount, std::string group,
                              const std::function<std::optional<double>(std::string)>& limit) {
  std::optional<double> least = limit(mount);
  while (group.size() > 1) {
    least = Least(least, limit(mount + group));
    group.resize(group.find_last_of('/'));
  }
  return least;
}

std::optional<double> Ratio(const std::string& quota_and_period) {
  std::istringstream in(quota_and_period);
  double quota = 0, period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> Bytes(const std::string& text) {
  std::istringstream in(text);
  double bytes = 0;
  if (!(in >> bytes) || bytes <= 0 || bytes >= kNoLimit) return std::nullopt;
  return bytes;
}

}  // namespace

CgroupLimits ReadCgroupLimits(const std::string& root) {
  const std::string groups = Content(root + "/proc/self/cgroup");
  const std::string mount = root + "/sys/fs/cgroup";
  std::optional<double> cores, memory;
  for (const std::string& unified : {mount, mount + "/unified"}) {
    const std::string group = GroupIn(groups, "");
    cores = Least(cores, LeastOf(unified, group, [](const std::string& folder) {
                    return Ratio(Content(folder + "/cpu.max"));
                  }));
    memory = Least(memory, LeastOf(unified, group, [](const std::string& folder) {
                     return Bytes(Content(folder + "/memory.max"));
                   }));
  }
  for (const char* controller : {"/cpu", "/cpu,cpuacct"}) {
    cores = Least(
        cores, LeastOf(mount + controller, GroupIn(groups, "cpu"), [](const std::string& folder) {
          return Ratio(Content(folder + "/cpu.cfs_quota_us") + " " +
                       Content(folder + "/cpu.cfs_period_us"));
        }));
  }
  memory = Least(
      memory, LeastOf(mount + "/memory", GroupIn(groups, "memory"), [](const std::string& folder) {
        return Bytes(Content(folder + "/memory.limit_in_bytes"));
      }));
  CgroupLimits limits{.cores = cores};
  if (memory) limits.memory_bytes = static_cast<std::uint64_t>(*memory);
  return limits;
}

std::optional<Throttling> ThrottlingOf(const std::string& cpu_stat) {
  std::istringstream in(cpu_stat);
  Throttling out;
  bool found = false;
  std::int64_t number = 0;
  for (std::string key; in >> key >> number;) {
    if (number < 0) continue;
    if (key == "nr_throttled") out.periods = static_cast<std::uint64_t>(number);
    if (key == "throttled_usec") out.time = std::chrono::microseconds(number);
    if (key == "throttled_time") out.time = std::chrono::nanoseconds(number);
    found = found || key == "throttled_usec" || key == "throttled_time";
  }
  return found ? std::optional(out) : std::nullopt;
}

std::optional<Throttling> CgroupThrottling() {
  const std::string groups = Content("/proc/self/cgroup");
  for (const auto& [mount, group] :
       {std::pair(std::string("/sys/fs/cgroup"), GroupIn(groups, "")),
        std::pair(std::string("/sys/fs/cgroup/cpu"), GroupIn(groups, "cpu"))}) {
    std::optional<Throttling> sum;
    std::string path = group;
    for (;;) {
      if (const auto own = ThrottlingOf(Content(mount + path + "/cpu.stat"))) {
        if (!sum) sum.emplace();
        sum->periods += own->periods;
        sum->time += own->time;
      }
      if (path.empty() || path == "/") break;
      path.resize(path.rfind('/'));
    }
    if (sum) return sum;
  }
  return std::nullopt;
}

std::uint32_t UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::uint32_t cores = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    cores = static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
  }
  if (const auto quota = ReadCgroupLimits().cores) {
    cores = std::min(cores, static_cast<std::uint32_t>(std::max(1.0, std::ceil(*quota))));
  }
  return cores;
}

std::uint64_t UsableMemory() {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  const std::uint64_t machine =
      pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size)
                            : 0;
  const auto limit = ReadCgroupLimits().memory_bytes;
  return limit && (machine == 0 || *limit < machine) ? *limit : machine;
}

std::uint64_t RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace sfp
