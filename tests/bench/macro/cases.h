#pragma once

// The cases of `make bench`. Each starts what it needs, measures, and ends it.
//
// Thread: confined to the main thread.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/macro/generators.h"
#include "tests/bench/macro/table.h"

namespace sfp::bench {

// How much effort.
struct Effort {
  int rounds = 5;
  Times times;
  bool tiny = false;  // smallest numbers of users: it only has to run
};

struct Case {
  std::string name;
  std::vector<Row> (*run)(const Case& self, const Effort& effort);
  int users = 0;
};

// speed.cc: the worker against wrk, and against the limit, in the same rounds.
std::vector<Case> SpeedCases();
// memory.cc: bytes of an idle user.
std::vector<Case> MemoryCases();
// timeliness.cc: how late thinking users are, what pacing adds.
std::vector<Case> TimelinessCases();
// alone.cc: what thinking costs when requests cost nothing.
std::vector<Case> AloneCases();
// open.cc: arrivals at half load; a server that stands still.
std::vector<Case> OpenCases();
// endurance.cc: ten million requests; fifty thousand users.
std::vector<Case> EnduranceCases();
// micro.cc: the programs bench_*, google-benchmark's.
std::vector<Case> MicroCases();

// What went wrong in any case so far, one sentence each. Figures of such a round are left out.
std::vector<std::string>& Troubles();
void Trouble(const std::string& name, const std::string& what);

// A line of progress on stderr.
void Say(const std::string& text);

// A configuration of one task against the server; `wait` and `load` are YAML.
std::string ConfigOf(const Server& server, const std::string& load, const std::string& wait,
                     const std::string& more_of_target = "");

// For the target: 127.0.0.2 and on, an address for every 10,000 users; nothing if they are fewer. A
// source address has 28,232 ports, and once half of them are taken the kernel looks through
// thousands for each new connection: a millisecond of CPU.
std::string SourceAddresses(int users);
// The same list without its key.
std::string SourceList(int users);

}  // namespace sfp::bench
