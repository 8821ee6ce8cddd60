#include "tests/bench/macro/generators.h"

#include <cstdio>
#include <stdexcept>
#include <thread>

#include "common/base/time.h"
#include "tests/bench/macro/machine.h"

namespace sfp::bench {
namespace {

constexpr std::chrono::seconds kLongest{120};

void Sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

// From one look at counter and clocks to the next.
struct Look {
  Look(Server& server, test::Process& process)
      : cpu(process.cpu_time()), at(Now()), requests(server.counts().requests) {}
  std::chrono::nanoseconds cpu;
  Time at;
  std::uint64_t requests;
};

Load MeasureWindow(Server& server, test::Process& process, std::uint64_t before,
                   const Times& times) {
  Load load;
  if (!AwaitRequests(server, before + 1)) {
    load.trouble = "it sent nothing: " + process.err();
    return load;
  }
  Sleep(times.settle);
  const Look first(server, process);
  Sleep(times.window);
  const Look last(server, process);
  const auto requests = static_cast<double>(last.requests - first.requests);
  const double cpu = Seconds(last.cpu - first.cpu);
  load.rps = requests / Seconds(last.at - first.at);
  load.per_cpu = cpu > 0 ? requests / cpu : 0;
  load.cpu_part = cpu / Seconds(last.at - first.at);
  if (requests == 0 && times.figures_matter)
    load.trouble = "it sent nothing in the window: " + process.err();
  return load;
}

// A generator that is one process: what it says it completed, against what nginx counted. `slack`
// of its requests may have been under way when it ended.
Load RunProcess(Server& server, const Times& times, std::vector<std::string> command,
                std::uint64_t slack, const std::function<std::uint64_t(const std::string&)>& said,
                std::string* out) {
  const std::uint64_t before = server.counts().requests;
  std::unique_ptr<test::Process> process;
  {
    const At at(Place::kGenerator);
    process = std::make_unique<test::Process>(std::move(command));
  }
  Load load = MeasureWindow(server, *process, before, times);
  if (process->Wait(kLongest) != 0) load.trouble = "it failed: " + process->err();
  *out = process->out();
  const std::uint64_t served = server.counts().requests - before;
  const std::uint64_t completed = said(*out);
  if (load.trouble.empty() && (completed > served || served > completed + slack)) {
    load.trouble =
        "it says " + std::to_string(completed) + " requests, nginx " + std::to_string(served);
  }
  return load;
}

std::uint64_t NumberBefore(const std::string& text, const std::string& word) {
  const std::size_t end = text.find(word);
  if (end == std::string::npos) return 0;
  const std::size_t begin = text.find_last_not_of("0123456789", end - 1);
  return std::stoull(text.substr(begin == std::string::npos ? 0 : begin + 1));
}

// "    99%    1.23ms" of wrk's latency distribution.
double WrkP99(const std::string& out) {
  const std::size_t at = out.find("99%");
  if (at == std::string::npos) return 0;
  char unit[8] = "";
  double value = 0;
  std::sscanf(out.c_str() + at + 3, "%lf%7s", &value, unit);
  const std::string name = unit;
  return name == "us" ? value / 1000 : name == "s" ? value * 1000 : value;
}

}  // namespace

bool AwaitRequests(Server& server, std::uint64_t count) {
  return test::Eventually([&] { return server.counts().requests >= count; },
                          std::chrono::seconds(60));
}

bool WrkInstalled() {
  for (const char* path : {"/usr/bin/wrk", "/usr/local/bin/wrk"}) {
    if (std::filesystem::exists(path)) return true;
  }
  return false;
}

Load RunWrk(Server& server, const Times& times, const WrkOptions& options) {
  const test::TemporaryFolder folder;
  std::vector<std::string> command = {"wrk",
                                      "-t1",
                                      "-c" + std::to_string(options.connections),
                                      "-d" + std::to_string(times.run()) + "s",
                                      "--latency",
                                      "--timeout",
                                      "60s"};
  if (!options.script.empty()) {
    command.insert(command.end(), {"-s", folder.Write("load.lua", options.script)});
  }
  command.push_back(server.url() + "/");
  std::string out;
  Load load = RunProcess(
      server, times, std::move(command), static_cast<std::uint64_t>(options.connections),
      [](const std::string& text) { return NumberBefore(text, " requests in"); }, &out);
  load.p99_ms = WrkP99(out);
  if (out.find("Socket errors") != std::string::npos) load.trouble = "wrk met errors: " + out;
  return load;
}

Load RunLimit(Server& server, const Times& times, int connections, int rate) {
  std::string out;
  return RunProcess(
      server, times,
      {test::Binary("bench-limit-client"), std::to_string(server.port()),
       std::to_string(connections), std::to_string(times.run()), "/", std::to_string(rate)},
      0, [](const std::string& text) { return NumberBefore(text, " requests"); }, &out);
}

Cluster::Cluster(const std::string& config, std::vector<std::string> master_options, int threads) {
  master_options.insert(master_options.end(),
                        {"--headless", "--workers", "1", "--only-summary", "--seed", "1"});
  {
    const At at(Place::kServer);
    master_ = std::make_unique<test::Master>(
        test::MasterSetup{.config = config, .options = std::move(master_options)});
  }
  const std::string address = master_->address();
  const At at(threads == 1 ? Place::kGenerator : Place::kAnywhere);
  worker_ = std::make_unique<test::Process>(std::vector<std::string>{
      test::Binary("sfp-worker"), "--master", address, "--threads", std::to_string(threads)});
}

boost::json::object Cluster::Finish() {
  const auto code = master_->process().Wait(kLongest);
  worker_->Wait(std::chrono::seconds(10));
  // 1: a threshold of the scenario did not hold. 130: interrupted by us.
  if (code != 0 && code != 1 && code != 130) {
    throw std::runtime_error("the master failed: " + master_->process().err());
  }
  return master_->Report();
}

std::string Disagreement(const boost::json::object& report, std::uint64_t requests_served) {
  const boost::json::object& totals = report.at("totals").as_object();
  const auto count = [&](const char* name) {
    return static_cast<std::uint64_t>(test::Int(totals.at(name)));
  };
  if (count("failures") > 0) {
    return std::to_string(count("failures")) +
           " requests failed: " + boost::json::serialize(report.at("failures"));
  }
  if (count("started") != count("requests") + count("in_flight") ||
      count("requests") > requests_served || requests_served > count("started")) {
    return "the report says " + std::to_string(count("started")) + " started and " +
           std::to_string(count("requests")) + " completed, nginx " +
           std::to_string(requests_served);
  }
  return "";
}

Load RunSfp(Server& server, const Times& times, const std::string& config,
            std::vector<std::string> master_options) {
  const std::uint64_t before = server.counts().requests;
  Cluster cluster(config, std::move(master_options));
  Load load = MeasureWindow(server, cluster.worker(), before, times);
  const boost::json::object report = cluster.Finish();
  if (load.trouble.empty()) {
    load.trouble = Disagreement(report, server.counts().requests - before);
  }
  const boost::json::value& p99 =
      report.at("totals").as_object().at("response_ms").as_object().at("p99");
  load.p99_ms = p99.is_number() ? p99.to_number<double>() : 0;
  return load;
}

}  // namespace sfp::bench
