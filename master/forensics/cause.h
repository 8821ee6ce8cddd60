#pragma once

// Why requests fail: the classes of causes, each with what happened in one line and what to change
// in another. Which class a failure belongs to is decided in findings.h.
//
// Thread: immutable values.

#include <string_view>

#include "common/stats/outcome.h"

namespace sfp::forensics {

enum class Cause {
  kKeepAliveRace,        // the server closed an idle connection while the request was on its way
  kKilledInFlight,       // it gave up on a request that it was working on, after a fixed time
  kResetBeforeHeaders,   // RST instead of an answer
  kClosedBeforeHeaders,  // FIN instead of an answer
  kServerRestart,        // many connections broke at once, or nobody listened for a while
  kAcceptOverflow,       // new connections are not accepted, while others are answered
  kResetInBody,
  kTruncatedBody,
  kMalformed,
  kTooLarge,
  kTlsExpired,
  kTlsAuthority,
  kTlsName,
  kTlsCertificate,
  kTlsProtocol,
  kTlsClosed,
  kTlsHandshake,
  kTlsTimeout,
  kRefused,
  kUnreachable,
  kConnectTimeout,  // nobody ever answered
  kDns,
  kOutOfDescriptors,
  kOutOfPorts,
  kResponseTimeout,
  kStatus,
  kRedirects,
  kExpectation,
  kDecode,
  kOther,
};
inline constexpr int kCauses = 30;

// The `class` of report.json: "keepalive_race", "killed_in_flight", …
std::string_view Name(Cause cause);
// What happened, for people.
std::string_view Says(Cause cause);
// What to do about it: the setting to change or the place to look at.
std::string_view Remedy(Cause cause);

// The class of a failure as far as its kind alone tells. For the kinds that are IsBrokenOff it is
// the one without a known reason: k…BeforeHeaders.
Cause CauseOf(stats::FailureKind kind);

}  // namespace sfp::forensics
