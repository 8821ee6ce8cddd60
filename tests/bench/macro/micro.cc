// The programs bench_* of this build, on the generator's core: nanoseconds of CPU per iteration.

#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/bench/macro/cases.h"
#include "tests/bench/macro/machine.h"

namespace sfp::bench {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Programs() {
  std::vector<std::string> programs;
  for (const auto& entry : fs::directory_iterator(test::Binary(""))) {
    if (entry.path().filename().string().starts_with("bench_")) programs.push_back(entry.path());
  }
  std::sort(programs.begin(), programs.end());
  return programs;
}

// The counter of the benchmark that says more than its time, in s; else its CPU time. In ns.
double NanosecondsOf(const boost::json::object& benchmark) {
  if (const auto* per_timer = benchmark.if_contains("per_timer")) {
    return per_timer->to_number<double>() * 1e9;
  }
  const auto& unit = benchmark.at("time_unit").as_string();
  const double time = benchmark.at("cpu_time").to_number<double>();
  return unit == "us" ? time * 1e3 : unit == "ms" ? time * 1e6 : time;
}

std::vector<Row> Micro(const Case& self, const Effort& effort) {
  std::vector<Row> rows;
  for (const std::string& program : Programs()) {
    Say(self.name + ": " + fs::path(program).filename().string());
    std::unique_ptr<test::Process> process;
    {
      const At at(Place::kGenerator);
      process = std::make_unique<test::Process>(std::vector<std::string>{
          program, "--benchmark_format=json",
          "--benchmark_repetitions=" + std::to_string(effort.rounds),
          "--benchmark_min_time=" + std::string(effort.tiny ? "0" : "0.05")});
    }
    if (process->Wait(std::chrono::seconds(120)) != 0) {
      Trouble(self.name, program + ": " + process->err());
      continue;
    }
    const boost::json::value said = boost::json::parse(process->out());
    for (const boost::json::value& value : said.at("benchmarks").as_array()) {
      const boost::json::object& benchmark = value.as_object();
      if (benchmark.at("run_type").as_string() != "iteration") continue;
      const std::string name(benchmark.at("run_name").as_string());
      if (rows.empty() || rows.back().what != name + ", ns") {
        rows.push_back({.name = self.name, .what = name + ", ns"});
      }
      rows.back().values.push_back(NanosecondsOf(benchmark));
    }
  }
  return rows;
}

}  // namespace

std::vector<Case> MicroCases() { return {{"micro", Micro}}; }

}  // namespace sfp::bench
