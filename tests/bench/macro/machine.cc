#include "tests/bench/macro/machine.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

namespace sfp::bench {
namespace {

std::vector<int> g_cores;
int g_generator = 0;
int g_server = 0;

std::vector<int> Cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

void GoTo(const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// What stands behind the colon of the first line that begins so.
std::string Field(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t from = line.find_first_not_of(" \t", colon + 1);
    return from == std::string::npos ? "" : line.substr(from);
  }
  return "";
}

}  // namespace

At::At(Place place) {
  GoTo(place == Place::kAnywhere    ? g_cores
       : place == Place::kGenerator ? std::vector{g_generator}
                                    : std::vector{g_server});
}
At::~At() { GoTo({g_server}); }

void SettleDown() {
  g_cores = Cores();
  g_generator = g_cores.front();
  g_server = g_cores.size() > 1 ? g_cores[1] : g_cores[0];
  GoTo({g_server});
}

std::uint64_t RaiseDescriptors(std::uint64_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit more{wanted, std::max<rlim_t>(wanted, limit.rlim_max)};
  if (setrlimit(RLIMIT_NOFILE, &more) == 0) return wanted;
  more = {std::min<rlim_t>(wanted, limit.rlim_max), limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &more);
  return more.rlim_cur;
}

std::uint64_t PrivateBytes(int pid) {
  const std::string text = Field("/proc/" + std::to_string(pid) + "/smaps_rollup", "Private_Dirty");
  return text.empty() ? 0 : std::stoull(text) * 1024;
}

std::string DescribeMachine() {
  utsname system{};
  uname(&system);
  std::ostringstream text;
  text << system.sysname << " " << system.release << ", " << Field("/proc/cpuinfo", "model name")
       << ", generator on core " << g_generator << ", server on core " << g_server;
  if (g_generator == g_server) text << " (one core only: the figures mean little)";
  return text.str();
}

}  // namespace sfp::bench
