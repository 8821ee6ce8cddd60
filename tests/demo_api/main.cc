// sfp-demo-api: the simulated Staff Fee Privilege API as a program of its own.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common/base/cores.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "tests/demo_api/service.h"

namespace sfp::demo {
namespace {

// An option that is read by `parse`; what it says becomes CLI11's message.
template <typename T, typename Parse>
void AddParsed(CLI::App& app, const char* name, T& value, Parse parse, const char* help,
               const char* fallback) {
  app.add_option_function<std::string>(
         name,
         [&value, parse, name](const std::string& text) {
           const auto parsed = parse(text);
           if (!parsed.ok()) throw CLI::ValidationError(name, Message(parsed.status()));
           value = *parsed;
         },
         help)
      ->default_str(fallback);
}

int Main(int argc, char** argv) {
  ServiceOptions options;
  options.port = 8080;
  CLI::App app("The simulated Staff Fee Privilege API: GET /__stats says what it really served.",
               "sfp-demo-api");
  app.set_version_flag("--version", std::string(Version()));
  app.option_defaults()->always_capture_default();
  app.add_option("--address", options.address, "Where to listen");
  app.add_option("--port", options.port, "0: any free one");
  app.add_flag("--tls", options.tls, "With a certificate made at start");
  app.add_option("--base-path", options.api.base_path, "In front of every route");
  app.add_option("--user", options.api.user, "Basic credentials");
  app.add_option("--password", options.api.password, "Basic credentials");
  app.add_option("--pool", options.pool.connections, "Connections to the database")
      ->check(CLI::PositiveNumber);
  app.add_option("--db-parallelism", options.pool.servers, "Queries that really run in parallel")
      ->check(CLI::PositiveNumber);
  app.add_flag("--oauth2", options.oauth2.on,
               "Bearer tokens instead of Basic credentials: POST /oauth2/token gives them to the "
               "client whose id and secret are --user and --password");
  AddParsed(app, "--oauth2-lifetime", options.oauth2.lifetime, ParseDuration,
            "How long a token is accepted; --speed does not divide it", "1h");
  AddParsed(app, "--service-time", options.pool.service, ParseDuration,
            "Mean time of a query; 0: none", "170ms");
  AddParsed(app, "--law", options.pool.law, ParseLaw,
            "Of the service time: exponential, constant, lognormal", "exponential");
  AddParsed(app, "--keepalive-timeout", options.keepalive_timeout, ParseDuration,
            "Idle connections are closed after it", "5s");
  AddParsed(app, "--socket-timeout", options.pool.timeout, ParseDuration,
            "Requests that wait longer are killed; 0: never", "120s");
  app.add_option("--speed", options.speed, "Divides every time")->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "Of records, service times and faults");
  app.add_option("--fault", options.faults,
                 "KIND:PERCENT, repeatable: reset, close, error500, stall, truncate, malformed, "
                 "reset-body, slow-accept");
  app.add_option("--log", options.log, "A line per answered request: method, target, status");
  CLI11_PARSE(app, argc, argv);

  RaiseDescriptorLimit();  // a connection is a descriptor
  auto service = Service::Start(options);
  if (!service.ok()) {
    LogError(Message(service.status()));
    return service.status().code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
  }
  (*service)->StopOnSignals();
  std::printf("listening on %s\n", (*service)->url().c_str());
  std::fflush(stdout);
  (*service)->Run();
  std::printf("%s\n", (*service)->Stats().c_str());
  return 0;
}

}  // namespace
}  // namespace sfp::demo

int main(int argc, char** argv) { return sfp::demo::Main(argc, argv); }
