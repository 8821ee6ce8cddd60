// The open model: does every arrival begin when the plan wants it, at half of what the worker can
// do; and the freeze: what is reported of a server that stands still for 1.4 s.

#include <algorithm>
#include <cmath>
#include <thread>

#include "common/base/time.h"
#include "tests/bench/macro/cases.h"

namespace sfp::bench {
namespace {

double Of(const boost::json::object& report, const char* times, const char* key) {
  const boost::json::value& value = report.at("totals").at(times).as_object().at(key);
  return value.is_number() ? value.to_number<double>() : 0;
}

double Count(const boost::json::object& report, const char* key) {
  return report.at("totals").at(key).to_number<double>();
}

double LagP99(const boost::json::object& report) {
  const boost::json::value& lag = report.at("run").at("workers").as_array().at(0).at("lag_p99_ms");
  return lag.is_number() ? lag.to_number<double>() : 0;
}

// Requests per second that one thread can do here: what "half" is taken of.
double Most(Server& server, const Case& self, const Effort& effort) {
  const Times& times = effort.times;
  const std::string load = "{users: " + std::to_string(self.users) +
                           ", spawn_rate: 1000000, run_time: " + std::to_string(times.run()) + "s}";
  const Load most = RunSfp(server, times, ConfigOf(server, load, ""), {});
  if (!most.trouble.empty()) throw std::runtime_error(most.trouble);
  return most.rps;
}

std::vector<Row> Open(const Case& self, const Effort& effort) {
  const int seconds = effort.tiny ? 1 : effort.rounds > 1 ? 30 : 10;
  Row error{.name = self.name, .target = "≤ 0.1"};
  Row lag{.name = self.name, .what = "half load: lateness p99, ms", .target = "≤ 1"};
  Server server({});
  Say(self.name + ": what one thread can do");
  const double most = Most(server, self, effort);
  const int rate = std::max(100, static_cast<int>(most / 2 / 100) * 100);
  Say(self.name + ": " + std::to_string(rate) + " arrivals/s for " + std::to_string(seconds) +
      " s");
  const std::uint64_t before = server.counts().requests;
  Cluster cluster(ConfigOf(server,
                           "{arrivals: {rate: " + std::to_string(rate) +
                               "/s, max_users: 2000}, run_time: " + std::to_string(seconds) + "s}",
                           ""),
                  {});
  const boost::json::object report = cluster.Finish();
  const std::string trouble = Disagreement(report, server.counts().requests - before);
  if (!trouble.empty()) throw std::runtime_error(trouble);
  const double planned = static_cast<double>(rate) * seconds;
  error.what = std::to_string(rate) + "/s for " + std::to_string(seconds) +
               " s: begun against planned, error %";
  error.values = {100 * std::abs(Count(report, "started") - planned) / planned};
  lag.values = {LagP99(report)};
  return {
      error,
      lag,
      {.name = self.name, .what = "dropped", .values = {Count(report, "dropped")}},
      {.name = self.name, .what = "response p99, ms", .values = {Of(report, "response_ms", "p99")}},
      {.name = self.name,
       .what = "intended response p99, ms",
       .values = {Of(report, "intended_ms", "p99")}}};
}

// So many users with one request each per 5 ms. Of the requests that were wanted while the server
// stood still for D, one wanted x after its stop is late by D - x; of all requests of T seconds the
// hundredth part that is late most is the one wanted in the first T / 100 of the stop.
std::vector<Row> Freeze(const Case& self, const Effort& effort) {
  const double run = effort.tiny ? 2 : 30;
  const double stop = effort.tiny ? 0.2 : 1.4;
  const double exact_ms = 1e3 * (stop - run / 100);
  double response[2], intended[2];
  for (const bool stopped : {false, true}) {
    Say(self.name + (stopped ? ": nginx is stopped for a while" : ": nginx runs all the time"));
    Server server({});
    const std::string load =
        "{users: " + std::to_string(self.users) +
        ", spawn_rate: 1000000, run_time: " + std::to_string(static_cast<int>(run)) + "s}";
    Cluster cluster(ConfigOf(server, load, "wait: {pacing: 5ms}, "), {});
    if (!AwaitRequests(server, 1)) throw std::runtime_error("it sent nothing");
    std::this_thread::sleep_for(std::chrono::duration<double>(run / 3));
    if (stopped) server.Freeze(stop);
    const boost::json::object report = cluster.Finish();
    const std::string trouble = Disagreement(report, server.counts().requests);
    if (!trouble.empty()) throw std::runtime_error(trouble);
    response[stopped] = Of(report, "response_ms", "p99");
    intended[stopped] = Of(report, "intended_ms", "p99");
  }
  const auto row = [&](const char* what, double value, const char* target = "") {
    return Row{.name = self.name, .what = what, .values = {value}, .target = target};
  };
  return {row("intended p99 with the stop, ms", intended[1]),
          row("the same by arithmetic, ms", exact_ms),
          row("intended p99 off the exact value, %",
              100 * std::abs(intended[1] - exact_ms) / exact_ms, "≤ 5"),
          row("intended p99 without the stop, ms", intended[0]),
          row("response p99 with the stop, ms", response[1]),
          row("response p99 without the stop, ms", response[0])};
}

}  // namespace

std::vector<Case> OpenCases() { return {{"open", Open, 100}, {"freeze", Freeze, 10}}; }

}  // namespace sfp::bench
