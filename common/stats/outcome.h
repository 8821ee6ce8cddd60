#pragma once

// How one request ended, and what was known of its connection when it failed.
//
// A failure has a kind (what happened), a phase (when), a message (what people read; for the two
// errors of the 2018 test exactly their wording) and evidence (from which a cause is inferred).
// Kinds and phases travel as numbers: append, never renumber.
//
// Thread: immutable values.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/time.h"

namespace sfp::stats {

// The parts of one exchange in their order. kBlocked is the wait for a connection of a shared pool.
enum class Phase : std::uint8_t { kBlocked, kDns, kConnect, kTls, kSend, kFirstByte, kBody };
inline constexpr std::size_t kPhases = 7;
std::string_view Name(Phase phase);  // "blocked" "dns" "connect" "tls" "send" "first_byte" "body"

enum class FailureKind : std::uint8_t {
  kNone = 0,
  kDns = 1,               // the name has no address
  kRefused = 2,           // connect: RST, nobody listens
  kUnreachable = 3,       // connect: no route, host or network down
  kConnectTimeout = 4,    // no answer to SYN: accept backlog overflow, firewall
  kOutOfDescriptors = 5,  // our own limit
  kOutOfPorts = 6,        // our own: EADDRNOTAVAIL
  kTlsHandshake = 7,      // the handshake failed for another reason than the following
  kTlsCertificate = 8,    // the peer's certificate does not verify, for another reason
  kTlsTimeout = 9,
  kReset = 10,                 // "Connection reset by peer" (before the first response byte)
  kClosedBeforeResponse = 11,  // "Remote end closed connection without response"
  kResetInResponse = 12,       // after the first response byte
  kTruncated = 13,             // FIN before the response was whole
  kMalformed = 14,             // not HTTP/1.x as RFC 9112 has it
  kTooLarge = 15,              // header or body above the configured limit
  kTimeout = 16,               // send, first byte, body or total time exceeded
  kStatus = 17,                // status outside what the task expects
  kRedirects = 18,             // more redirects than allowed, or no usable Location
  kExpectation = 19,           // another expectation of the task did not hold
  kDecode = 20,                // content encoding broken
  kOther = 21,
  kTlsExpired = 22,    // the peer's certificate: its time is over, or has not come
  kTlsAuthority = 23,  // signed by nobody whom we trust
  kTlsName = 24,       // for another host
  kTlsProtocol = 25,   // the peer speaks no TLS, or no version or cipher of ours
  kTlsClosed = 26,     // the peer closed or reset the connection in the handshake
};
inline constexpr std::size_t kFailureKinds = 27;  // kNone included
std::string_view Name(FailureKind kind);  // "dns", "refused", … the `class` of report.json

inline constexpr std::string_view kMessageReset = "Connection reset by peer";
inline constexpr std::string_view kMessageClosed = "Remote end closed connection without response";

// The server broke the connection before the first byte of an answer: the kinds whose cause only
// shows in when it did.
constexpr bool IsBrokenOff(FailureKind kind) {
  return kind == FailureKind::kReset || kind == FailureKind::kClosedBeforeResponse;
}
// A connection broke with a request on it.
constexpr bool IsBreak(FailureKind kind) {
  return IsBrokenOff(kind) || kind == FailureKind::kResetInResponse ||
         kind == FailureKind::kTruncated;
}
// A server that had closed the connection answers a request with RST or FIN within a round trip.
inline constexpr Duration kAtOnce{200'000'000};

struct Evidence {
  bool reused = false;               // the connection had served a request before
  bool reset = false;                // RST, not FIN
  int error = 0;                     // errno, 0 if none
  std::uint32_t served = 0;          // requests it had answered
  Duration idle{0};                  // between the last answer and this request
  Duration since_send{0};            // from the last byte sent to the failure
  std::uint64_t bytes_sent = 0;      // of this request
  std::uint64_t bytes_received = 0;  // of this response
};

// The server had closed the connection before it saw the request.
inline bool MetClosedConnection(FailureKind kind, const Evidence& evidence) {
  return IsBrokenOff(kind) && evidence.reused && evidence.bytes_received == 0 &&
         evidence.since_send < kAtOnce;
}

struct Failure {
  FailureKind kind = FailureKind::kNone;
  Phase phase = Phase::kBlocked;
  std::string message;  // bounded: at most 200 characters
  Evidence evidence;
};

// One completed request, as the recorder takes it. Durations in ns; kNotMeasured where a phase did
// not take place.
inline constexpr Duration kNotMeasured{-1};
struct Sample {
  Time started;                            // of the request
  Time ended;                              // its last body byte, or its failure
  Duration response{0};                    // from the start to the end
  Duration intended = kNotMeasured;        // from when the plan wanted it started
  std::array<Duration, kPhases> phases{};  // set all to kNotMeasured first
  int status = 0;                          // 0: no response
  std::uint64_t bytes_sent = 0;            // on the wire, TLS not included
  std::uint64_t bytes_received = 0;
  Duration idle = kNotMeasured;  // of its kept connection before it; not on a new connection
  bool reconnected = false;      // an idle connection was found closed and was replaced first
  Duration closed_idle = kNotMeasured;  // how long that one had been idle when it was found closed
  const Failure* failure = nullptr;     // null: it succeeded
};

}  // namespace sfp::stats
