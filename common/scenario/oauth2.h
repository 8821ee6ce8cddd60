#pragma once

// OAuth 2.0 client credentials (RFC 6749, sections 4.4, 5.1, 5.2): one bearer token for all users
// of a worker. What is asked for and where, what the answer says, and when to ask again. Who sends
// the request is the worker (worker/app/token_keeper.h).
//
// Neither the client's secret nor a token stands in any error, also if the server's answer repeats
// them.
//
// Thread: immutable, pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/scenario/origin.h"
#include "sfp/v1/scenario.pb.h"

namespace sfp::scenario {

struct TokenSource {
  v1::Auth::OAuth2 auth;
  Origin origin;               // of the token URL
  std::string request;         // the whole HTTP/1.1 message, on a connection of its own
  std::uint16_t endpoint = 0;  // EndpointId: its requests are counted there, apart
};

// Errors are about the token URL. The endpoint is the caller's.
StatusOr<TokenSource> MakeTokenSource(const v1::Auth::OAuth2& auth);

struct Grant {
  std::string token;
  std::optional<Duration> life;  // from when it was asked for; absent: as long as it is accepted
};

// What the server answered. The error is one sentence: "HTTP 401, invalid_client: unknown client".
StatusOr<Grant> ReadGrant(const TokenSource& source, int status, std::string_view body);

// A token is asked for anew once so much of its life is over.
constexpr Duration RenewAfter(Duration life) { return life / 5 * 4; }
// The pause behind the `failures`-th failure in a row (from 1): it doubles from a twentieth of the
// old token's life (from 0.1 s to 1 s; 1 s without one) up to 30 s.
Duration RetryAfter(std::optional<Duration> life, unsigned failures);

}  // namespace sfp::scenario
