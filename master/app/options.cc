#include "master/app/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "common/base/text.h"

namespace sfp::app {
namespace {

// --spawn-rate is also SFP_SPAWN_RATE.
template <typename T>
CLI::Option* Add(CLI::App& app, const std::string& flag, T& value, const std::string& description) {
  std::string variable = "SFP" + flag.substr(1);
  for (char& c : variable) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  if constexpr (std::is_same_v<T, bool>) {
    return app.add_flag(flag, value, description)->envname(variable);
  } else {
    return app.add_option(flag, value, description)->envname(variable);
  }
}

// What CLI11 fills in as text and Resolve turns into the options' types.
struct Typed {
  std::string workers_timeout, log_level = "info";
  AccessFlags access;
};

template <typename T>
T Valid(const char* option, StatusOr<T> value) {
  if (!value.ok()) throw CLI::ValidationError(option, Message(value.status()));
  return *std::move(value);
}

void AddAccessOptions(CLI::App& app, AccessFlags& flags) {
  Add(app, "--listen", flags.listen,
      "ADDR:PORT for the workers (default: 127.0.0.1:5557; 0.0.0.0:5557 with --tls-dir and a "
      "token)");
  Add(app, "--web", flags.web, "ADDR:PORT of the web UI")->capture_default_str();
  Add(app, "--no-web", flags.no_web, "No web UI");
  Add(app, "--tls-dir", flags.tls_dir,
      "ca.pem, cert.pem and key.pem, as 'certs' writes them: workers must show a certificate");
  Add(app, "--token-file", flags.token_file,
      "The join token (default: SFP_TOKEN, else the file 'token' in --tls-dir)");
  Add(app, "--insecure", flags.insecure, "Listen beyond loopback without credentials");
}

void AddRunOptions(CLI::App& app, MasterOptions& options, Typed& typed) {
  Add(app, "--workers", options.workers, "Start once so many workers have joined")
      ->check(CLI::Range(1u, 10'000u))
      ->capture_default_str();
  Add(app, "--workers-timeout", typed.workers_timeout,
      "Give up waiting for workers (default: 60s headless, else never)");
  Add(app, "--local-workers", options.local_workers,
      "Also start so many workers on this machine; implies --workers")
      ->check(CLI::Range(1u, 1'000u));
  Add(app, "--headless", options.headless, "Start at once, exit at the end");
  Add(app, "--hold", options.hold, "Begin no run before somebody presses Start on the page")
      ->excludes("--headless");
  Add(app, "--out", options.out,
      "The run's directory (default: runs/<UTC time>-<name>). If it holds a run already, that one "
      "is "
      "gone on with, or only reported if it is over");
  Add(app, "--termination-log", options.termination_log,
      "Write the verdict into this file too, such as /dev/termination-log");
  Add(app, "--resume", options.resume,
      "Go on with the run in this directory, whose master was killed (same configuration)");
  Add(app, "--seed", options.seed, "Random seed (default: from the clock)");
  Add(app, "--only-summary", options.only_summary, "No table while the run is on, only at its end");
  Add(app, "--strict", options.strict, "Exit with 4 if the measurement is invalid");
}

void AddReportOptions(CLI::App& app, ReportFlags& flags) {
  Add(app, "--seed-definitions", flags.seed_definitions,
      "report.md with the 2018 table's definitions (failures left out)");
  Add(app, "--csv", flags.csv,
      "Also PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv, "
      "PREFIX_exceptions.csv, in Locust's columns");
  Add(app, "--html", flags.html, "report.html also into this file");
  Add(app, "--csv-full-history", flags.csv_full_history,
      "stats_history.csv with a line for each endpoint, not for the aggregate only");
  Add(app, "--json", flags.json, "report.json on stdout; the tables go to stderr");
}

void AddConfigOptions(CLI::App& app, MasterOptions& options) {
  Add(app, "--config", options.config, "The configuration file")->capture_default_str();
  Add(app, "--host", options.overrides.host, "Overrides target.url");
  Add(app, "--users", options.overrides.users, "How many users");
  Add(app, "--spawn-rate", options.overrides.spawn_rate, "Users started per second");
  Add(app, "--run-time", options.overrides.run_time, "How long, such as 5m");
  Add(app, "--sweep", options.overrides.sweep, "Levels of users, such as 10,50,100");
  Add(app, "--probe", options.overrides.probe,
      "1 to 4 x target.declared_pool users (or --users) without think time: how many requests the "
      "API runs at once");
  Add(app, "--find", options.overrides.find,
      "Search for the most users (at most --users) under which a goal such as 'p95 < 500ms' holds; "
      "with --rate for the most arrivals per second (at most so many)");
  Add(app, "--rate", options.overrides.rate, "Arrivals per second (the open model), such as 200/s");
  Add(app, "--iterations", options.overrides.iterations, "So many tasks of all users together");
  Add(app, "--tags", options.overrides.tags, "Only tasks with one of these tags, such as a,b");
  Add(app, "--exclude-tags", options.overrides.exclude_tags, "No task with one of these tags");
  Add(app, "--step-time", options.overrides.step_time, "Length of a level, or auto");
}

// import openapi FILE, import har FILE, import curl COMMAND.
void AddImport(CLI::App& app, ImportFlags& flags) {
  CLI::App* import = app.add_subcommand(
      "import", "Write a configuration from what an API has: OpenAPI, a HAR recording, curl");
  import->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, const char* source,
                       const char* source_help) {
    CLI::App* kind = import->add_subcommand(name, help);
    kind->add_option(source, flags.source, source_help)->required();
    kind->add_option("--out", flags.out, "The file to write (default: standard output)");
    kind->callback([&flags, name] { flags.kind = name; });
    return kind;
  };
  CLI::App* openapi = add("openapi", "From an OpenAPI (Swagger) 2 or 3 document, JSON or YAML",
                          "FILE", "The document; - is standard input");
  openapi->add_option("--only", flags.options.only,
                      "Only operations whose \"METHOD /path\" holds this text");
  CLI::App* har = add("har", "From a recording that a browser saved", "FILE",
                      "The HAR file; - is standard input");
  har->add_option("--only", flags.options.only, "Only requests whose URL holds this text");
  har->add_flag("--assets", flags.options.assets, "Pictures, styles, scripts and fonts, too");
  add("curl", "From curl commands, as a browser copies them", "COMMAND",
      "The commands as one text; - reads them from standard input");
}

void Resolve(MasterOptions& options, const Typed& typed) {
  options.log_level = Valid("--log-level", ParseLogLevel(typed.log_level));
  if (!typed.workers_timeout.empty()) {
    options.workers_timeout = Valid("--workers-timeout", ParseDuration(typed.workers_timeout));
  }
  if (options.local_workers > 0) options.workers = options.local_workers;
}

}  // namespace

std::variant<MasterOptions, int> ParseMasterOptions(int argc, char** argv) {
  MasterOptions options;
  Typed typed;
  CLI::App app("sfp-master: plans the load, merges what the workers measured, writes the report.",
               "sfp-master");
  app.set_version_flag("--version", std::string(Version()));
  app.get_formatter()->column_width(34);
  app.require_subcommand(0, 1);
  AddConfigOptions(app, options);
  AddRunOptions(app, options, typed);
  AddAccessOptions(app, typed.access);
  AddReportOptions(app, options.report);
  Add(app, "--log-level", typed.log_level, "debug, info, warn or error")->capture_default_str();

  CLI::App* check =
      app.add_subcommand("check", "Validate the configuration, print the plan, start nothing");
  AddConfigOptions(*check, options);
  CLI::App* attempt = app.add_subcommand(
      "try", "One user does each task once; every request and response is shown");
  AddConfigOptions(*attempt, options);
  Add(*attempt, "--seed", options.seed, "Random seed (default: from the clock)");
  attempt->add_option("--task", options.only_tasks,
                      "Only this task, behind what its class does on_start (repeatable)");
  CLI::App* report = app.add_subcommand("report", "Rebuild every report from a run's journal");
  report->add_option("RUN_DIR", options.run_dir, "The run's directory")->required();
  AddReportOptions(*report, options.report);
  CLI::App* compare = app.add_subcommand(
      "compare", "Two runs, statistically: 0 no significant regression, 1 B is worse");
  compare->add_option("RUN_A", options.run_a, "The directory of the run to compare with")
      ->required();
  compare->add_option("RUN_B", options.run_b, "The directory of the run that is judged")
      ->required();
  Add(*compare, "--json", options.report.json, "The differences as JSON");
  CLI::App* certs =
      app.add_subcommand("certs", "Make certificates and a join token for master and workers");
  certs->add_option("--out", options.certs.out, "The directory to write")->required();
  certs
      ->add_option("--host", options.certs.hosts,
                   "Names or addresses by which workers reach the master")
      ->required()
      ->delimiter(',');
  certs->add_option("--days", options.certs.days, "How long they are valid")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  certs->add_flag("--force", options.certs.force, "Replace what is there");
  AddImport(app, options.import);
  try {
    app.parse(argc, argv);
    Resolve(options, typed);
    if (app.get_subcommands().empty()) {
      auto access = ResolveAccess(typed.access, std::getenv("SFP_TOKEN"));
      if (!access.ok()) throw CLI::ValidationError(Message(access.status()));
      options.access = *std::move(access);
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (check->parsed()) options.command = Command::kCheck;
  if (attempt->parsed()) options.command = Command::kTry;
  if (report->parsed()) options.command = Command::kReport;
  if (compare->parsed()) options.command = Command::kCompare;
  if (certs->parsed()) options.command = Command::kCerts;
  if (!options.import.kind.empty()) options.command = Command::kImport;
  return options;
}

}  // namespace sfp::app
