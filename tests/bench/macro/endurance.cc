// For long, and for many: memory over ten million requests, and fifty thousand users of whom few
// are connected at a time.

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "common/base/time.h"
#include "tests/bench/macro/cases.h"
#include "tests/bench/macro/machine.h"

namespace sfp::bench {
namespace {

constexpr double kMegabyte = 1e6;

double Megabytes(test::Process& process) {
  return static_cast<double>(PrivateBytes(process.pid())) / kMegabyte;
}

// How much was added by the million, from the first look on.
double PerMillion(const std::vector<double>& megabytes, double step) {
  if (megabytes.size() < 2) return 0;
  return (megabytes.back() - megabytes.front()) /
         (step / 1e6 * static_cast<double>(megabytes.size() - 1));
}

std::vector<Row> Flat(const Case& self, const Effort& effort) {
  const std::uint64_t all = effort.tiny ? 4000 : effort.rounds > 1 ? 10'000'000 : 1'000'000;
  const std::uint64_t step = all / 40;
  const std::string what = ": private memory, MB, at " + std::to_string(all) + " requests";
  Row worker{.name = self.name, .what = "worker" + what};
  Row master{.name = self.name, .what = "master" + what};
  Server server({});
  Cluster cluster(ConfigOf(server,
                           "{users: " + std::to_string(self.users) +
                               ", iterations: " + std::to_string(all) + "}",
                           ""),
                  {});
  // The first tenth is warming up.
  std::vector<double> of_worker, of_master;
  constexpr std::uint64_t kWaits = 20;  // between two looks, each with a limit of its own
  for (std::uint64_t wait = 1; wait < 40 * kWaits; ++wait) {
    const std::uint64_t count = wait * step / kWaits;
    if (!AwaitRequests(server, count)) throw std::runtime_error("it came to a halt");
    if (wait % kWaits != 0) continue;
    Say(self.name + ": " + std::to_string(count) + " requests, worker " +
        std::to_string(Megabytes(cluster.worker())) + " MB, master " +
        std::to_string(Megabytes(cluster.master())) + " MB");
    if (count < all / 10) continue;
    of_worker.push_back(Megabytes(cluster.worker()));
    of_master.push_back(Megabytes(cluster.master()));
  }
  const boost::json::object report = cluster.Finish();
  const std::string trouble = Disagreement(report, server.counts().requests);
  if (!trouble.empty()) throw std::runtime_error(trouble);
  worker.values = {of_worker.back()};
  master.values = {of_master.back()};
  Row growth{.name = self.name,
             .what = "worker: growth after the first tenth, MB per million requests",
             .values = {PerMillion(of_worker, static_cast<double>(step))},
             .target = "< 0.1"};
  if (effort.tiny) growth.target.clear();
  Row each{.name = self.name,
           .what = "worker: private memory, MB, 36 looks from the first tenth on",
           .values = of_worker};
  return {worker, growth, each, master};
}

std::vector<Row> Many(const Case& self, const Effort& effort) {
  const int users = effort.tiny ? 200 : self.users;
  const int ramp = effort.tiny ? 1 : 20;
  const int hold = effort.tiny ? 1 : 20;
  const int at_once = effort.tiny ? 200 : 15'000;
  RaiseDescriptors(static_cast<std::uint64_t>(at_once) + 1000);
  const std::string think = effort.tiny ? "[10ms, 50ms]" : "[10s, 30s]";
  const std::string who = std::to_string(users) + " users, closed while thinking: ";
  Server server({.connections = at_once});
  Say(self.name + ": " + std::to_string(users) + " users on two threads");
  Cluster cluster(
      ConfigOf(server,
               "{stages: [{users: 1, hold: 2s}, {users: " + std::to_string(users) +
                   ", ramp: " + std::to_string(ramp) + "s, hold: " + std::to_string(hold) + "s}]}",
               "wait: {uniform: " + think + "}, ",
               ", connections: {keep_alive: false, source_addresses: " + SourceList(users) + "}"),
      {}, 2);
  if (!AwaitRequests(server, 1)) throw std::runtime_error("it sent nothing");
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const std::uint64_t before = PrivateBytes(cluster.worker().pid());
  std::this_thread::sleep_for(std::chrono::seconds(ramp + hold / 2));
  const auto cpu = cluster.worker().cpu_time();
  const Time at = Now();
  const std::uint64_t after = PrivateBytes(cluster.worker().pid());
  std::this_thread::sleep_for(std::chrono::duration<double>(hold / 4.0));
  const double share = Seconds(cluster.worker().cpu_time() - cpu) / Seconds(Now() - at);
  const boost::json::object report = cluster.Finish();
  const std::string trouble = Disagreement(report, server.counts().requests);
  if (!trouble.empty()) throw std::runtime_error(trouble);
  const boost::json::value& lag = report.at("run").at("workers").as_array().at(0).at("lag_p99_ms");
  const double bytes = static_cast<double>(after) - static_cast<double>(before);
  return {{.name = self.name,
           .what = who + "requests that failed",
           .values = {report.at("totals").at("failures").to_number<double>()},
           .target = "≤ 0"},
          {.name = self.name,
           .what = who + "requests",
           .values = {report.at("totals").at("requests").to_number<double>()}},
          {.name = self.name,
           .what = who + "bytes per user",
           .values = {bytes / (users - 1)},
           .target = "≤ 2048"},
          {.name = self.name,
           .what = who + "lateness p99, ms",
           .values = {lag.is_number() ? lag.to_number<double>() : 0}},
          {.name = self.name, .what = who + "CPU, % of a core", .values = {100 * share}}};
}

}  // namespace

std::vector<Case> EnduranceCases() { return {{"flat10m", Flat, 50}, {"users50k", Many, 50'000}}; }

}  // namespace sfp::bench
