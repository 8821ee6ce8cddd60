#pragma once

// Where the users of a run connect to and by which rules: made once per process from the scenario's
// target, shared by all loops.
//
// Thread: immutable.

#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/net/tls.h"
#include "common/scenario/origin.h"
#include "sfp/v1/scenario.pb.h"
#include "worker/http/resolver.h"
#include "worker/http/response.h"

namespace sfp::http {

// Limits for the parts of one exchange; 0: only the request's own timeout counts.
struct PhaseLimits {
  Duration connect{0};  // all addresses that are tried together
  Duration tls{0};
  Duration send{0};
  Duration first_byte{0};
  Duration body{0};
};

// How users hold connections.
struct ConnectionRules {
  bool keep_alive = true;          // false: each request has one of its own
  bool no_delay = true;            // TCP_NODELAY
  std::uint32_t shared = 0;        // connections that a process's users share; 0: one for each user
  std::uint32_t max_requests = 0;  // then a connection is closed; 0: never
  Duration idle_ttl{0};            // an idle connection is closed after so long; 0: never
  // Our own addresses, by family, in turn; empty: the system chooses.
  std::vector<Endpoint> sources_v4, sources_v6;
};

struct Destination {
  std::string host;
  std::vector<Endpoint> addresses;  // empty: each exchange fails with kDns
  net::TlsContext tls;              // none: plain
  std::string server_name;          // SNI, and the name that the certificate must have
  bool resume_tls = true;           // a user's next connection resumes its session
  PhaseLimits phases;
  ConnectionRules connections;
  Limits limits;
  bool decompress = false;
};

// Everything but the addresses: no lookup, no network. The error is about the PEM texts.
StatusOr<Destination> MakeDestination(const v1::Target& target, const scenario::Origin& origin);

// The host's addresses; blocks up to the target's DNS limit (10 s if it has none).
StatusOr<std::vector<Endpoint>> LookUp(const v1::Target& target, const scenario::Origin& origin);

// Both.
StatusOr<std::shared_ptr<const Destination>> PrepareDestination(const v1::Target& target,
                                                                const scenario::Origin& origin);

}  // namespace sfp::http
