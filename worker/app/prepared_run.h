#pragma once

// Everything that a run needs before its first request: the compiled scenario, the pools of
// collected values, the TLS contexts, the target's addresses, the tokens. Made once per run, shared
// by the engine threads.
//
// Thread: Prepare blocks (name resolution, requests for tokens), so it runs on a thread of its own;
// the result is immutable but for the pools and the tokens' keeper, which are safe.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/scenario/data.h"
#include "common/scenario/program.h"
#include "sfp/v1/control.pb.h"
#include "worker/app/token_keeper.h"
#include "worker/http/destination.h"

namespace sfp::app {

struct PreparedRun {
  std::shared_ptr<const scenario::Program> program;
  std::unique_ptr<scenario::Pools> pools;
  std::shared_ptr<const http::Destination> destination;
  // By scenario::ClassId, of classes with a certificate of their own; null for the others.
  std::vector<std::shared_ptr<const http::Destination>> class_destinations;
  std::unique_ptr<TokenKeeper> tokens;  // null: there are none
  std::uint64_t seed = 0;
  Duration stop_timeout{0};
  Duration dns_refresh{0};  // 0: the addresses stay as they are
  std::function<StatusOr<std::vector<http::Endpoint>>()> look_up;
};

// Refuses a scenario that does not compile, a target or token URL that `allow_target` (HOST or
// HOST:PORT; empty: any) does not name, a name without an address, broken certificates, fewer
// shared connections than threads, a token that it does not get.
StatusOr<std::shared_ptr<PreparedRun>> PrepareRun(const v1::Prepare& prepare,
                                                  const std::vector<std::string>& allow_target,
                                                  std::uint32_t threads);

// Whether it is written as --allow-target must be.
Status CheckAllowTarget(const std::string& text);
// Whether the list permits this host and port.
bool Allows(const std::vector<std::string>& allow_target, const std::string& host,
            std::uint16_t port);

}  // namespace sfp::app
