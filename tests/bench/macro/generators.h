#pragma once

// The three generators, each a process on the generator's core, all measured the same way:
//
//   start, wait for the first requests, let it settle
//   nginx's request counter and the process's CPU clock (user + system, all threads)   ─┐ window
//   the same again                                                                     ─┘
//   wait for its end; what it says it did has to be what nginx counted
//
// sfp's master, which writes journal and report, runs on the server's core: it is no part of a
// worker. What the worker does for it (a snapshot each second) is in the worker's CPU time.
//
// Thread: confined to the main thread.

#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/macro/server.h"
#include "tests/e2e/cluster.h"

namespace sfp::bench {

struct Times {
  double window = 2;  // s
  double settle = 0.4;
  bool figures_matter = true;  // false: a window without a request is no trouble
  // A run's length in whole seconds, as wrk has it.
  int run() const { return static_cast<int>(window + settle + 0.99); }
};

struct Load {
  double rps = 0;       // requests per second, in the window
  double per_cpu = 0;   // requests per second of its CPU
  double p99_ms = 0;    // as the generator says
  double cpu_part = 0;  // of one core, in the window
  std::string trouble;  // empty: it ran, and the counts agree
};

// The real worker with everything on, and a master.
class Cluster {
 public:
  // With more than one thread the worker is not held to the generator's core.
  Cluster(const std::string& config, std::vector<std::string> master_options, int threads = 1);
  test::Process& worker() { return *worker_; }
  test::Process& master() { return master_->process(); }
  // Stops the run, as Ctrl-C would.
  void Interrupt() { master_->process().Signal(2); }
  // Awaits the end; the report.
  boost::json::object Finish();

 private:
  std::unique_ptr<test::Master> master_;
  std::unique_ptr<test::Process> worker_;
};

struct WrkOptions {
  int connections = 50;
  std::string script;  // Lua; empty: GET /
};
bool WrkInstalled();
Load RunWrk(Server& server, const Times& times, const WrkOptions& options);
// `rate`: requests per second, evenly spaced; 0: as many as it can.
Load RunLimit(Server& server, const Times& times, int connections, int rate = 0);
Load RunSfp(Server& server, const Times& times, const std::string& config,
            std::vector<std::string> master_options);

// What the report's totals and nginx's counter say of each other; empty if they agree.
std::string Disagreement(const boost::json::object& report, std::uint64_t requests_served);

// Polls until the generators' requests since the server's start are so many; false after 60 s.
bool AwaitRequests(Server& server, std::uint64_t count);

}  // namespace sfp::bench
