#include "master/app/commands.h"

#include <cstdio>
#include <cstdlib>

#include "master/app/run_folder.h"
#include "master/app/run_plan.h"
#include "master/report/build.h"

namespace sfp::app {
namespace {

std::optional<std::string> Variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void Say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

int Rebuild(const OpenRun& run, const std::string& folder, bool seed_definitions) {
  if (run.journal.torn) Say("the journal's last record was cut off and is left out");
  const report::Report report = report::Build(run.from.results);
  const Status status = WriteReports(folder, report, run.from.results, seed_definitions);
  std::fputs(Summary(report, folder).c_str(), stdout);
  if (status.ok()) return 0;
  Say(Message(status));
  return 2;
}

}  // namespace

std::optional<config::Config> LoadConfig(const MasterOptions& options) {
  config::Loaded loaded = config::Load(options.config, Variable, options.overrides);
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
  for (const v1::EndpointName& endpoint : spec->endpoints) {
    std::printf("# endpoint   %-7s %s\n", endpoint.method().c_str(), endpoint.name().c_str());
  }
  return 0;
}

int RunReport(const MasterOptions& options) {
  const auto run = ReadRun(options.run_dir);
  if (!run.ok()) {
    Say(Message(run.status()));
    return 2;
  }
  return Rebuild(*run, options.run_dir, options.seed_definitions);
}

std::optional<int> BeginResume(const MasterOptions& options, std::optional<OpenRun>& open) {
  auto run = ReadRun(options.resume);
  if (!run.ok()) {
    Say(Message(run.status()));
    return 2;
  }
  if (run->from.results.ended()) {
    Say("the run in " + options.resume + " is over: its reports are built again, nothing is sent");
    return Rebuild(*run, options.resume, options.seed_definitions);
  }
  open = *std::move(run);
  return std::nullopt;
}

}  // namespace sfp::app
