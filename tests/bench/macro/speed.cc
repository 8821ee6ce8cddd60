// Requests per second of the generator's CPU, as a ratio to wrk's in the same round. A round is
//
//   wrk, worker, limit, wrk     and in the next one     wrk, limit, worker, wrk
//
// Each ratio is to the mean of the round's two wrks; the second wrk by the first is the machine's
// noise.

#include "tests/bench/macro/cases.h"

namespace sfp::bench {
namespace {

struct Setting {
  ServerSetup server;
  WrkOptions wrk;
  bool limit = false;
  bool api = false;
  std::string target;        // of the ratio to wrk
  std::string limit_target;  // of the ratio to the limit
};

std::vector<std::string> ApiOptions(const Case& self, const Times& times) {
  return {"--users",    std::to_string(self.users),       "--spawn-rate", "1000000",
          "--run-time", std::to_string(times.run()) + "s"};
}

std::string LoadOf(int users, const Times& times) {
  return "{users: " + std::to_string(users) +
         ", spawn_rate: 1000000, run_time: " + std::to_string(times.run()) + "s}";
}

// The same four requests in the scenario's proportions, one after the other.
constexpr char kApiScript[] = R"(
local paths = {"?term=201701", "?osuId=931000001", "?term=201702", "?osuId=931000002", "",
               "/931000001-201701"}
local requests = {}
local next = 0
init = function(args)
  wrk.headers["Authorization"] = "Basic dXNlcjpwYXNzd29yZA=="
  for i, path in ipairs(paths) do
    requests[i] = wrk.format("GET", "/v1/staff-fee-privilege" .. path)
  end
end
request = function()
  next = next % #requests + 1
  return requests[next]
end
)";

struct Rounds {
  std::vector<double> per_cpu, rps, to_limit, limit, noise_cpu, noise_rps;
};

Load RunWorker(Server& server, const Case& self, const Setting& setting, const Times& times) {
  if (setting.api) {
    return RunSfp(server, times, test::ExampleConfig(server.url(), 10'000'000),
                  ApiOptions(self, times));
  }
  return RunSfp(server, times, ConfigOf(server, LoadOf(self.users, times), ""), {});
}

void OneRound(const Case& self, const Setting& setting, const Effort& effort, int round,
              Rounds& rounds) {
  const Times& times = effort.times;
  Server server(setting.server);
  std::string trouble;
  const auto run = [&](const char* what, auto call) {
    Load load;
    if (trouble.empty()) load = call();
    if (!load.trouble.empty()) trouble = std::string(what) + ": " + load.trouble;
    return load;
  };
  const auto wrk = [&] { return RunWrk(server, times, setting.wrk); };
  const auto limit = [&] { return RunLimit(server, times, self.users); };
  const auto worker = [&] { return RunWorker(server, self, setting, times); };
  Load limited, ours;
  const Load first = run("wrk", wrk);
  if (setting.limit && round % 2 == 1) limited = run("the limit", limit);
  ours = run("the worker", worker);
  if (setting.limit && round % 2 == 0) limited = run("the limit", limit);
  const Load second = effort.tiny ? first : run("wrk", wrk);
  if (!trouble.empty()) return Trouble(self.name, trouble);

  const double wrk_cpu = (first.per_cpu + second.per_cpu) / 2;
  rounds.per_cpu.push_back(ours.per_cpu / wrk_cpu);
  rounds.rps.push_back(ours.rps / ((first.rps + second.rps) / 2));
  rounds.noise_cpu.push_back(second.per_cpu / first.per_cpu);
  rounds.noise_rps.push_back(second.rps / first.rps);
  if (setting.limit) {
    rounds.to_limit.push_back(ours.per_cpu / limited.per_cpu);
    rounds.limit.push_back(limited.per_cpu / wrk_cpu);
  }
  Say(self.name + ": requests/CPU-s: worker " + std::to_string(ours.per_cpu) + ", wrk " +
      std::to_string(wrk_cpu) + "; requests/s: " + std::to_string(ours.rps) + ", " +
      std::to_string((first.rps + second.rps) / 2));
}

std::vector<Row> Compare(const Case& self, const Effort& effort, const Setting& setting) {
  Rounds rounds;
  for (int round = 0; round < effort.rounds; ++round) {
    Say(self.name + ": round " + std::to_string(round + 1) + " of " +
        std::to_string(effort.rounds));
    OneRound(self, setting, effort, round, rounds);
  }
  if (rounds.per_cpu.empty()) {
    return {{.name = self.name,
             .what = "requests/CPU-s, ÷ wrk",
             .target = setting.target,
             .note = "no round went well"}};
  }
  const Range noise = Spread(rounds.noise_cpu);
  std::vector<Row> rows = {{.name = self.name,
                            .what = "requests/CPU-s, ÷ wrk",
                            .values = rounds.per_cpu,
                            .noise = noise,
                            .target = setting.target}};
  if (setting.limit) {
    rows.push_back({.name = self.name,
                    .what = "requests/CPU-s, ÷ limit",
                    .values = rounds.to_limit,
                    .noise = noise,
                    .target = setting.limit_target});
    rows.push_back({.name = self.name,
                    .what = "limit's requests/CPU-s, ÷ wrk",
                    .values = rounds.limit,
                    .noise = noise});
  }
  rows.push_back({.name = self.name,
                  .what = "requests/s, ÷ wrk",
                  .values = rounds.rps,
                  .noise = Spread(rounds.noise_rps)});
  return rows;
}

std::vector<Row> Plain(const Case& self, const Effort& effort) {
  return Compare(self, effort,
                 {.wrk = {.connections = self.users},
                  .limit = true,
                  .target = "≥ 1.10",
                  .limit_target = "≥ 0.92"});
}

std::vector<Row> Tls(const Case& self, const Effort& effort) {
  return Compare(self, effort,
                 {.server = {.tls = true}, .wrk = {.connections = self.users}, .target = "≥ 1.00"});
}

std::vector<Row> Body(const Case& self, const Effort& effort) {
  return Compare(self, effort,
                 {.server = {.body_bytes = 20 * 1024},
                  .wrk = {.connections = self.users},
                  .target = "≥ 1.00"});
}

std::vector<Row> Scenario(const Case& self, const Effort& effort) {
  return Compare(self, effort,
                 {.server = {.api = true},
                  .wrk = {.connections = self.users, .script = kApiScript},
                  .api = true,
                  .target = "≥ 0.80"});
}

}  // namespace

std::vector<Case> SpeedCases() {
  return {{"plain50", Plain, 50},
          {"plain500", Plain, 500},
          {"tls50", Tls, 50},
          {"body20k", Body, 50},
          {"scenario", Scenario, 50}};
}

}  // namespace sfp::bench
