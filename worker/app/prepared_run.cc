#include "worker/app/prepared_run.h"

#include <absl/strings/ascii.h>

#include <algorithm>

#include "common/base/units.h"

namespace sfp::app {

namespace {

// Lower case, without brackets: as a scenario's origin has it. Port 0: any.
HostPort AllowedTarget(const std::string& text) {
  const auto with_port = ParseHostPort(text);
  HostPort allowed = with_port.ok() ? *with_port : HostPort{text, 0};
  std::string& host = allowed.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  absl::AsciiStrToLower(&host);
  return allowed;
}

Status CheckAllowed(const std::vector<std::string>& allow_target, const std::string& what,
                    const scenario::Origin& origin) {
  if (Allows(allow_target, origin.host, origin.port)) return Ok();
  const bool literal6 = origin.host.find(':') != std::string::npos;
  return Invalid(what + " " + (literal6 ? "[" + origin.host + "]" : origin.host) + ":" +
                 std::to_string(origin.port) + " is not in this worker's --allow-target");
}

// Null for a class without a certificate of its own.
StatusOr<std::shared_ptr<const http::Destination>> OwnDestination(const v1::UserClass& user_class,
                                                                  v1::Target target,
                                                                  const scenario::Origin& origin,
                                                                  const http::Destination& common) {
  if (!user_class.has_tls()) return std::shared_ptr<const http::Destination>();
  target.mutable_tls()->set_cert_pem(user_class.tls().cert_pem());
  target.mutable_tls()->set_key_pem(user_class.tls().key_pem());
  auto own = http::MakeDestination(target, origin);
  if (!own.ok()) return own.status();
  own->addresses = common.addresses;
  return std::make_shared<const http::Destination>(*std::move(own));
}

}  // namespace

Status CheckAllowTarget(const std::string& text) {
  const HostPort allowed = AllowedTarget(text);
  // A name with one colon is a wrong port; with more it is an IPv6 address.
  const bool colon = std::count(allowed.host.begin(), allowed.host.end(), ':') == 1;
  if (!allowed.host.empty() && !colon &&
      allowed.host.find_first_of("/[] \t*@") == std::string::npos) {
    return Ok();
  }
  return Invalid("'" + text + "' is not HOST or HOST:PORT, such as api.example:8443 or [::1]");
}

bool Allows(const std::vector<std::string>& allow_target, const std::string& host,
            std::uint16_t port) {
  return allow_target.empty() ||
         std::any_of(allow_target.begin(), allow_target.end(), [&](const std::string& text) {
           const HostPort allowed = AllowedTarget(text);
           return allowed.host == host && (allowed.port == 0 || allowed.port == port);
         });
}

StatusOr<std::shared_ptr<PreparedRun>> PrepareRun(const v1::Prepare& prepare,
                                                  const std::vector<std::string>& allow_target,
                                                  std::uint32_t threads) {
  auto program = scenario::Program::Compile(prepare.scenario());
  if (!program.ok()) return Annotate(program.status(), "the scenario does not compile");
  const scenario::Origin& origin = (*program)->origin();
  if (Status status = CheckAllowed(allow_target, "the target", origin); !status.ok()) return status;
  for (const scenario::TokenSource& token : (*program)->tokens()) {
    Status status = CheckAllowed(allow_target, "the token URL's host", token.origin);
    if (!status.ok()) return status;
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
  for (const v1::UserClass& user_class : prepare.scenario().users()) {
    auto own = OwnDestination(user_class, target, origin, **destination);
    if (!own.ok()) return Annotate(own.status(), "user class '" + user_class.name() + "'");
    run->class_destinations.push_back(*std::move(own));
  }
  if (!(*program)->tokens().empty()) {
    auto tokens = TokenKeeper::Make(*program);
    if (!tokens.ok()) return tokens.status();
    run->tokens = *std::move(tokens);
  }
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
