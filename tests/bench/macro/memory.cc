// What an idle user holds: the worker's private memory with one user, and again with all of them,
// each of which has a connection and has had one answer. The kernel's sockets are not in it.

#include <thread>

#include "tests/bench/macro/cases.h"
#include "tests/bench/macro/machine.h"

namespace sfp::bench {
namespace {

constexpr std::uint64_t kOtherDescriptors = 1000;
Row Measure(const Case& self, const Effort& effort, bool tls, const std::string& target) {
  const int users = effort.tiny ? 100 : self.users;
  Row row{.name = self.name,
          .what = std::string("bytes per idle user, ") + (tls ? "TLS" : "plain"),
          .target = target};
  const std::uint64_t wanted = static_cast<std::uint64_t>(users) + kOtherDescriptors;
  if (const std::uint64_t allowed = RaiseDescriptors(wanted); allowed < wanted) {
    row.note = "not measured: only " + std::to_string(allowed) + " open files are allowed";
    return row;
  }
  Server server({.tls = tls, .connections = users});
  const int ramp = users / (tls ? 800 : 4000) + 1;
  const std::string config =
      ConfigOf(server,
               "{stages: [{users: 1, hold: " + std::string(effort.tiny ? "1s" : "2s") +
                   "}, {users: " + std::to_string(users) + ", ramp: " + std::to_string(ramp) +
                   "s, hold: 10m}]}",
               "wait: {constant: 1h}, ", SourceAddresses(users));
  Say(self.name + ": " + std::to_string(users) + " users within " + std::to_string(ramp) + " s");
  Cluster cluster(config, {});
  const auto count = static_cast<std::uint64_t>(users);
  const auto settle = std::chrono::milliseconds(effort.tiny ? 200 : 1000);
  const bool first = AwaitRequests(server, 1);
  std::this_thread::sleep_for(settle);
  const std::uint64_t before = PrivateBytes(cluster.worker().pid());
  const bool all = first && AwaitRequests(server, count);
  std::this_thread::sleep_for(settle);
  const std::uint64_t after = PrivateBytes(cluster.worker().pid());
  cluster.Interrupt();
  std::string trouble = Disagreement(cluster.Finish(), server.counts().requests);
  if (!all && trouble.empty()) trouble = "not all users came to their answer";
  if (trouble.empty() && server.counts().requests != count) trouble = "users asked more than once";
  if (!trouble.empty()) {
    Trouble(self.name, trouble);
    row.note = "not measured: " + trouble;
    return row;
  }
  row.values = {static_cast<double>(after - before) / static_cast<double>(count - 1)};
  return row;
}

std::vector<Row> Plain(const Case& self, const Effort& effort) {
  return {Measure(self, effort, false, "≤ 2048")};
}
std::vector<Row> Tls(const Case& self, const Effort& effort) {
  return {Measure(self, effort, true, "≤ 24576")};
}

}  // namespace

std::vector<Case> MemoryCases() {
  return {{"memory10k", Plain, 10'000},
          {"memory10k-tls", Tls, 10'000},
          {"memory50k", Plain, 50'000},
          {"memory50k-tls", Tls, 50'000}};
}

}  // namespace sfp::bench
