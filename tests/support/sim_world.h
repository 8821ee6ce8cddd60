#pragma once

// One scenario against one simulated server with the engines of a cluster, ready to start 10 ms
// from now; the server keeps its log.
//
// Thread: one.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/sim_clock.h"
#include "tests/support/sim_engines.h"
#include "tests/support/sim_scenario.h"
#include "tests/support/sim_server.h"

namespace sfp::support {

namespace literals {

constexpr Duration operator""_us(unsigned long long us) {
  return Duration(static_cast<std::int64_t>(us) * 1'000);
}
constexpr Duration operator""_ms(unsigned long long ms) {
  return Duration(static_cast<std::int64_t>(ms) * 1'000'000);
}
constexpr Duration operator""_s(unsigned long long s) {
  return Duration(static_cast<std::int64_t>(s) * 1'000'000'000);
}

}  // namespace literals

// The first line's target: "GET /a?x=1 HTTP/1.1" -> "/a?x=1".
inline std::string TargetOf(std::string_view request) {
  const std::size_t begin = request.find(' ') + 1;
  return std::string(request.substr(begin, request.find(' ', begin) - begin));
}

struct World {
  explicit World(const v1::Scenario& scenario, SimServer::Options options = {},
                 SimEngines::Setup setup = {})
      : server(clock, Logged(std::move(options))),
        start(clock.now() + Duration(10'000'000)),
        engines(clock, Compiled(scenario), server, setup) {}
  static SimServer::Options Logged(SimServer::Options options) {
    options.keep_log = true;
    return options;
  }

  std::vector<std::string> Targets() const {
    std::vector<std::string> targets;
    for (const std::string& request : server.log()) targets.push_back(TargetOf(request));
    return targets;
  }
  std::uint64_t Iterations() {
    std::uint64_t sum = 0;
    for (const auto& one : engines.all()) {
      for (const stats::Interval& interval : one->intervals) sum += interval.iterations;
    }
    return sum;
  }
  engine::Engine& engine() { return *engines[0].engine; }
  stats::EndpointStats Stats(std::size_t endpoint = 0) { return engines.Total().at(endpoint); }

  SimClock clock;
  SimServer server;
  Time start;
  SimEngines engines;
};

}  // namespace sfp::support
