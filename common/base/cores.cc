#include "common/base/cores.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "common/base/text.h"

namespace sfp {
namespace {

std::string Content(const std::string& path) { return ReadFile(path, 65536).value_or(""); }

// The process's own group below a controller's mount point, "/" inside most containers.
std::string Group(const std::string& controller) {
  std::istringstream lines(Content("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers == controller ||
        (!controller.empty() && controllers.find(controller) != std::string::npos)) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

std::optional<double> Quota() {
  for (const std::string& group : {Group(""), std::string("/")}) {
    if (auto quota = QuotaOfV2(Content("/sys/fs/cgroup" + group + "/cpu.max"))) return quota;
  }
  for (const std::string& group : {Group("cpu"), std::string("/")}) {
    const std::string base = "/sys/fs/cgroup/cpu" + group + "/cpu.cfs_";
    if (auto quota = QuotaOfV1(Content(base + "quota_us"), Content(base + "period_us"))) {
      return quota;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> QuotaOfV2(const std::string& cpu_max) {
  std::istringstream in(cpu_max);
  double quota = 0, period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> QuotaOfV1(const std::string& quota_us, const std::string& period_us) {
  return QuotaOfV2(quota_us + " " + period_us);
}

std::uint32_t UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::uint32_t cores = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    cores = static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
  }
  if (const auto quota = Quota()) {
    cores = std::min(cores, static_cast<std::uint32_t>(std::max(1.0, std::ceil(*quota))));
  }
  return cores;
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
