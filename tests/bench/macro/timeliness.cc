// On time: how late the wake-ups of thinking users are and what they cost, and what 100 users paced
// at 2,000 requests/s measure beyond what wrk measures on one connection.

#include <algorithm>
#include <thread>

#include "common/base/time.h"
#include "tests/bench/macro/cases.h"
#include "tests/bench/macro/machine.h"

namespace sfp::bench {
namespace {

std::vector<Row> Thinking(const Case& self, const Effort& effort) {
  // As many as there may be, if that is fewer.
  constexpr std::uint64_t kOthers = 500;
  const std::uint64_t wanted = effort.tiny ? 100 : static_cast<std::uint64_t>(self.users);
  const auto users =
      static_cast<int>(std::min(wanted, RaiseDescriptors(wanted + kOthers) - kOthers));
  const int ramp = effort.tiny ? 0 : 5;
  const double window = effort.tiny ? 0.3 : 10;
  const std::string who = std::to_string(users) + " users: ";
  Row lateness{.name = self.name, .what = who + "think-time lateness p99, ms", .target = "< 1.5"};
  Row share{.name = self.name, .what = who + "worker's CPU, requests included, % of a core"};
  Server server({.connections = users});
  Say(self.name + ": " + std::to_string(users) + " users that think 0.1 to 5 s");
  const int hold = static_cast<int>(window + 4);
  Cluster cluster(
      ConfigOf(server,
               "{stages: [{users: " + std::to_string(users) + ", ramp: " + std::to_string(ramp) +
                   "s, hold: " + std::to_string(effort.tiny ? 1 : hold) + "s}]}",
               "wait: {uniform: [100ms, 5s]}, ", SourceAddresses(users)),
      {});
  const bool began = AwaitRequests(server, 1);
  std::this_thread::sleep_for(std::chrono::seconds(effort.tiny ? 0 : ramp + 2));
  const auto cpu = cluster.worker().cpu_time();
  const Time at = Now();
  const std::uint64_t requests = server.counts().requests;
  std::this_thread::sleep_for(std::chrono::duration<double>(window));
  const double used = Seconds(cluster.worker().cpu_time() - cpu);
  const double wall = Seconds(Now() - at);
  const auto done = static_cast<double>(server.counts().requests - requests);
  const boost::json::object report = cluster.Finish();
  const std::string trouble =
      began ? Disagreement(report, server.counts().requests) : "it sent nothing";
  if (!trouble.empty()) {
    Trouble(self.name, trouble);
    return {lateness, share};
  }
  const boost::json::value& lag = report.at("run").at("workers").as_array().at(0).at("lag_p99_ms");
  if (lag.is_number()) lateness.values = {lag.to_number<double>()};
  share.values = {100 * used / wall};
  Row raw{.name = self.name, .what = "raw client, connections and rate the same: CPU, % of a core"};
  Say(self.name + ": the raw client at the same rate");
  const Times times{.window = window, .settle = 1, .figures_matter = !effort.tiny};
  const int rate = std::max(1, static_cast<int>(done / wall));
  Server its({.connections = users});
  if (const Load limit = RunLimit(its, times, users, rate); limit.trouble.empty()) {
    raw.values = {100 * limit.cpu_part};
  } else {
    Trouble(self.name, "the raw client: " + limit.trouble);
  }
  return {lateness,
          share,
          raw,
          {.name = self.name, .what = who + "requests/s", .values = {done / wall}},
          {.name = self.name, .what = who + "requests/CPU-s", .values = {done / used}}};
}

std::vector<Row> Paced(const Case& self, const Effort& effort) {
  Row added{.name = self.name, .what = "response p99 beyond wrk -c1's, ms", .target = "< 1"};
  Row alone{.name = self.name, .what = "wrk -c1: response p99, ms"};
  Times times = effort.times;
  if (!effort.tiny) times.window += 4;
  for (int round = 0; round < std::min(3, effort.rounds); ++round) {
    Say(self.name + ": round " + std::to_string(round + 1));
    Server server({});
    const Load wrk = RunWrk(server, times, {.connections = 1});
    const std::string load = "{users: " + std::to_string(self.users) +
                             ", spawn_rate: 1000000, run_time: " + std::to_string(times.run()) +
                             "s}";
    const Load ours = RunSfp(server, times, ConfigOf(server, load, "wait: {pacing: 50ms}, "), {});
    for (const Load* one : {&wrk, &ours}) {
      if (!one->trouble.empty()) Trouble(self.name, one->trouble);
    }
    if (!wrk.trouble.empty() || !ours.trouble.empty()) continue;
    added.values.push_back(ours.p99_ms - wrk.p99_ms);
    alone.values.push_back(wrk.p99_ms);
  }
  if (!alone.values.empty()) added.noise = Spread(alone.values);
  return {added, alone};
}

}  // namespace

std::vector<Case> TimelinessCases() {
  return {{"thinking20k", Thinking, 20'000}, {"paced100", Paced, 100}};
}

}  // namespace sfp::bench
