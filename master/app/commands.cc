#include "master/app/commands.h"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "common/base/last_words.h"
#include "common/scenario/program.h"
#include "master/app/run_folder.h"
#include "master/app/run_plan.h"
#include "master/app/try.h"
#include "master/compare/runs.h"
#include "master/report/build.h"

namespace sfp::app {
namespace {

std::optional<std::string> Variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void Say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

// The reports again; the exit code of the run itself goes to `run_code` if it has one.
int Rebuild(const OpenRun& run, const std::string& folder, const MasterOptions& options,
            int* run_code = nullptr) {
  if (run.journal.torn) Say("the journal's last record was cut off and is left out");
  const results::Results& results = run.from.results;
  const report::Report report = report::Build(results);
  const Status status = WriteReports(folder, report, results, options.report);
  PrintReport(report, folder, options.report);
  if (!status.ok()) {
    Say(Message(status));
    return 2;
  }
  if (run_code == nullptr) return 0;
  *run_code = ExitCode(OutcomeOf(results), report, options.strict);
  const Status left = LeaveLastWords(options.termination_log, LastWords(report, *run_code));
  if (!left.ok()) Say(Message(left));
  return 0;
}

}  // namespace

config::Loaded ReadConfig(const std::string& path, const config::Overrides& overrides) {
  return config::Load(path, Variable, overrides);
}

std::optional<config::Config> LoadConfig(const MasterOptions& options) {
  config::Loaded loaded = ReadConfig(options.config, options.overrides);
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) Say(Format(diagnostic));
  if (!loaded.config) {
    const std::size_t count = loaded.diagnostics.size();
    Say(std::to_string(count) + (count == 1 ? " error" : " errors") + ", nothing was sent");
  }
  return std::move(loaded.config);
}

int RunCheck(const MasterOptions& options) {
  const auto config = LoadConfig(options);
  if (!config) return 2;
  const auto spec = MakeRunSpec(*config);
  if (!spec.ok()) {
    Say(options.config + ": " + Message(spec.status()));
    return 2;
  }
  std::printf("%s\n", config->resolved_yaml.c_str());
  std::printf("# %s is valid\n# target     %s\n# load       %s\n", options.config.c_str(),
              spec->target.c_str(), Describe(spec->shape).c_str());
  if (std::holds_alternative<plan::Arrivals>(spec->shape)) {
    std::printf("# wait       not used: arrivals say when tasks begin\n");
  } else if (spec->think_time_s >= 0) {
    std::printf("# think time %.3g s on average\n", spec->think_time_s);
  }
  if (!config->setup.empty() || !config->teardown.empty()) {
    std::printf("# once       %zu tasks before the load, %zu after it\n", config->setup.size(),
                config->teardown.size());
  }
  if (const auto warning = scenario::EndpointWarning(spec->endpoints.size()); !warning.empty()) {
    Say(options.config + ": warning: " + std::string(warning));
  }
  for (const v1::EndpointName& endpoint : spec->endpoints) {
    std::printf("# endpoint   %-7s %s\n", endpoint.method().c_str(), endpoint.name().c_str());
  }
  return 0;
}

int RunTry(const MasterOptions& options) {
  const auto config = LoadConfig(options);
  if (!config) return 2;
  return RunTry(*config, options.only_tasks, options.seed.value_or(std::random_device()()));
}

int RunReport(const MasterOptions& options) {
  const auto run = ReadRun(options.run_dir);
  if (!run.ok()) {
    Say(Message(run.status()));
    return 2;
  }
  return Rebuild(*run, options.run_dir, options);
}

int RunCompare(const MasterOptions& options) {
  const auto a = ReadRun(options.run_a);
  const auto b = ReadRun(options.run_b);
  for (const auto* run : {&a, &b}) {
    if (run->ok()) continue;
    Say(Message(run->status()));
    return 2;
  }
  const auto input = [](const std::string& folder, const OpenRun& run) {
    return compare::Input{folder, &run.from.results, ReplayOf(folder)};
  };
  const compare::Input input_a = input(options.run_a, *a);
  const compare::Input input_b = input(options.run_b, *b);
  const auto comparison = compare::CompareRuns(input_a, input_b);
  if (!comparison.ok()) {
    Say(Message(comparison.status()));
    return 2;
  }
  const std::string text = options.report.json ? compare::ToJson(*comparison, input_a, input_b)
                                               : compare::ToText(*comparison, input_a, input_b);
  std::fputs(text.c_str(), stdout);
  return comparison->regression() ? 1 : 0;
}

std::optional<int> BeginResume(const MasterOptions& options, std::optional<OpenRun>& open) {
  const bool asked = !options.resume.empty();
  const std::string& folder = asked ? options.resume : options.out;
  if (!asked && !HoldsRun(folder)) return std::nullopt;
  auto run = ReadRun(folder);
  if (!run.ok()) {
    Say(Message(run.status()));
    return 2;
  }
  if (!run->from.results.ended()) {
    open = *std::move(run);
    return std::nullopt;
  }
  Say("the run in " + folder + " is over: its reports are built again, nothing is sent" +
      (asked ? "" : "; another --out begins another run"));
  int run_code = 0;
  const int code = Rebuild(*run, folder, options, &run_code);
  return code != 0 ? code : run_code;
}

}  // namespace sfp::app
