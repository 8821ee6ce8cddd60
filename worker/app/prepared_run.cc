#include "worker/app/prepared_run.h"

#include <algorithm>

#include "common/base/units.h"

namespace sfp::app {

bool Allows(const std::vector<std::string>& allow_target, const std::string& host,
            std::uint16_t port) {
  return allow_target.empty() ||
         std::any_of(allow_target.begin(), allow_target.end(), [&](const std::string& allowed) {
           if (allowed == host) return true;
           const auto parsed = ParseHostPort(allowed);
           return parsed.ok() && parsed->host == host && parsed->port == port;
         });
}

StatusOr<std::shared_ptr<PreparedRun>> PrepareRun(const v1::Prepare& prepare,
                                                  const std::vector<std::string>& allow_target) {
  auto program = scenario::Program::Compile(prepare.scenario());
  if (!program.ok()) return Annotate(program.status(), "the scenario does not compile");
  const scenario::Origin& origin = (*program)->origin();
  if (!Allows(allow_target, origin.host, origin.port)) {
    return Invalid("the target " + origin.host + ":" + std::to_string(origin.port) +
                   " is not in this worker's --allow-target");
  }
  auto destination = http::PrepareDestination(prepare.scenario().target(), origin);
  if (!destination.ok()) return Annotate(destination.status(), "the target cannot be used");
  auto run = std::make_shared<PreparedRun>();
  run->pools = std::make_unique<scenario::Pools>(**program);
  run->program = *std::move(program);
  run->destination = *std::move(destination);
  run->seed = prepare.seed();
  run->stop_timeout = Duration(prepare.stop_timeout_ns());
  return run;
}

}  // namespace sfp::app
