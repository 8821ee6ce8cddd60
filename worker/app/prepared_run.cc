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
                                                  const std::vector<std::string>& allow_target,
                                                  std::uint32_t threads) {
  auto program = scenario::Program::Compile(prepare.scenario());
  if (!program.ok()) return Annotate(program.status(), "the scenario does not compile");
  const scenario::Origin& origin = (*program)->origin();
  if (!Allows(allow_target, origin.host, origin.port)) {
    return Invalid("the target " + origin.host + ":" + std::to_string(origin.port) +
                   " is not in this worker's --allow-target");
  }
  const v1::Target& target = prepare.scenario().target();
  if (const std::uint32_t shared = target.connections().shared(); shared > 0 && shared < threads) {
    return Invalid("target.connections.shared: " + std::to_string(threads) +
                   " threads can't share " + std::to_string(shared) + " connection" +
                   (shared == 1 ? "" : "s") + ", start this worker with --threads " +
                   std::to_string(shared));
  }
  auto destination = http::PrepareDestination(target, origin);
  if (!destination.ok()) return Annotate(destination.status(), "the target cannot be used");
  auto run = std::make_shared<PreparedRun>();
  run->pools = std::make_unique<scenario::Pools>(**program);
  run->program = *std::move(program);
  run->destination = *std::move(destination);
  run->seed = prepare.seed();
  run->stop_timeout = Duration(prepare.stop_timeout_ns());
  run->dns_refresh = Duration(target.connections().dns_refresh_ns());
  run->look_up = [target, origin = run->program->origin()] { return http::LookUp(target, origin); };
  return run;
}

}  // namespace sfp::app
