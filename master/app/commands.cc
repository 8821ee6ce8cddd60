#include "master/app/commands.h"

#include <cstdio>
#include <cstdlib>

#include "master/app/run_folder.h"
#include "master/app/run_plan.h"
#include "master/coordinator/journal_file.h"

namespace sfp::app {
namespace {

std::optional<std::string> Variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void Say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

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
  if (spec->think_time_s >= 0) {
    std::printf("# think time %.3g s on average\n", spec->think_time_s);
  }
  for (const v1::EndpointName& endpoint : spec->endpoints) {
    std::printf("# endpoint   %-7s %s\n", endpoint.method().c_str(), endpoint.name().c_str());
  }
  return 0;
}

int RunReport(const MasterOptions& options) {
  results::Results results;
  const auto end = coordinator::ReadJournal(
      options.run_dir + "/journal.pb",
      [&](const v1::JournalRecord& record) { return results.Apply(record); });
  if (!end.ok()) {
    Say(Message(end.status()));
    return 2;
  }
  if (end->records == 0) {
    Say(options.run_dir + "/journal.pb holds no record");
    return 2;
  }
  if (end->torn) Say("the journal's last record was cut off and is left out");
  const auto report = WriteReports(options.run_dir, results, options.seed_definitions);
  if (!report.ok()) {
    Say(Message(report.status()));
    return 2;
  }
  std::fputs(Summary(*report, options.run_dir).c_str(), stdout);
  return 0;
}

}  // namespace sfp::app
