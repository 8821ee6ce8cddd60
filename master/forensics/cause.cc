#include "master/forensics/cause.h"

namespace sfp::forensics {
namespace {

struct Entry {
  std::string_view name, says, remedy;
};

// In the order of Cause.
constexpr Entry kEntries[kCauses] = {
    {"keepalive_race", "the server closed the idle connection while the request was on its way",
     "raise the server's keep-alive timeout above the users' longest think time, or close first: "
     "target.connections.idle_ttl below it"},
    {"killed_in_flight",
     "the server (or a proxy) gave the request up while it waited for its answer",
     "raise the socket or request timeout there above the queueing time, or shorten the queue"},
    {"reset_before_headers", "the server reset the connection instead of answering",
     "look for crashes, aborted handlers and connection limits in the server's or proxy's log"},
    {"closed_before_headers", "the server closed the connection instead of answering",
     "look for crashes, aborted handlers and request limits in the server's or proxy's log"},
    {"server_restart", "the server went away for a moment: many connections broke at once",
     "look for restarts, crashes, deployments or a failover at these times"},
    {"accept_overflow", "the server answers others but did not take new connections in time",
     "raise its accept backlog (listen backlog, net.core.somaxconn) or let it accept faster; ramp "
     "users up more slowly"},
    {"reset_in_body", "the server reset the connection in the middle of an answer",
     "look for crashes or a write timeout there"},
    {"truncated_body", "the answer ended early",
     "look for crashes, a write timeout or a wrong Content-Length there"},
    {"malformed", "the answer is not valid HTTP/1.1",
     "check that target.url leads to the API itself, and its scheme"},
    {"too_large", "the answer is larger than the configured limit", "raise target.limits"},
    {"tls_expired", "the server's certificate is out of date or not valid yet",
     "renew it, and check the clocks; target.tls.verify: false ignores it"},
    {"tls_unknown_ca", "the server's certificate is signed by nobody whom the worker trusts",
     "set target.tls.ca to its authority; target.tls.verify: false ignores it"},
    {"tls_name_mismatch", "the server's certificate is for another name",
     "check target.url, or set target.tls.server_name"},
    {"tls_certificate", "the server's certificate does not verify",
     "see the message; target.tls.verify: false ignores it"},
    {"tls_protocol", "the server speaks no TLS there, or no version of it that the worker speaks",
     "check the scheme and port of target.url, and the server's TLS versions"},
    {"tls_closed", "the server broke the TLS handshake off",
     "check that the port speaks TLS, and the server's limits for new connections"},
    {"tls_handshake", "the server refused the TLS handshake",
     "see the message: a client certificate (target.tls.cert) may be wanted, or no cipher is "
     "shared"},
    {"tls_timeout", "the TLS handshake took too long",
     "the server lacks CPU for new connections: keep connections alive longer"},
    {"refused", "nobody listens on the target's port",
     "check target.url and that the API is running"},
    {"unreachable", "there is no route from the worker to the target",
     "check network and firewall"},
    {"connect_timeout", "nothing answered at the target's address",
     "check target.url and firewalls"},
    {"dns", "the target's name has no address on the worker",
     "check target.url and the worker's resolver"},
    {"out_of_descriptors", "the worker ran out of file descriptors",
     "raise its limit (ulimit -n) or add workers"},
    {"out_of_ports", "the worker ran out of local ports",
     "widen net.ipv4.ip_local_port_range, add target.connections.source_addresses or workers"},
    {"response_timeout", "no complete answer within the configured time",
     "the server queues longer than target.timeout or target.timeouts allow"},
    {"status", "the status is not one that the task expects",
     "see the API's log, or the task's expect.status"},
    {"redirects", "too many redirects, or one without a usable Location",
     "check target.url and redirects"},
    {"expectation", "the answer is not what the task's expect asks for",
     "see the API's log, or the task's expect"},
    {"decode", "the content encoding of the answer is broken",
     "check proxies between worker and API"},
    {"other", "no single known cause", "see the message"},
};

const Entry& Of(Cause cause) { return kEntries[static_cast<int>(cause)]; }

}  // namespace

std::string_view Name(Cause cause) { return Of(cause).name; }
std::string_view Says(Cause cause) { return Of(cause).says; }
std::string_view Remedy(Cause cause) { return Of(cause).remedy; }

Cause CauseOf(stats::FailureKind kind) {
  using Kind = stats::FailureKind;
  switch (kind) {
    case Kind::kDns:
      return Cause::kDns;
    case Kind::kRefused:
      return Cause::kRefused;
    case Kind::kUnreachable:
      return Cause::kUnreachable;
    case Kind::kConnectTimeout:
      return Cause::kConnectTimeout;
    case Kind::kOutOfDescriptors:
      return Cause::kOutOfDescriptors;
    case Kind::kOutOfPorts:
      return Cause::kOutOfPorts;
    case Kind::kTlsHandshake:
      return Cause::kTlsHandshake;
    case Kind::kTlsCertificate:
      return Cause::kTlsCertificate;
    case Kind::kTlsTimeout:
      return Cause::kTlsTimeout;
    case Kind::kReset:
      return Cause::kResetBeforeHeaders;
    case Kind::kClosedBeforeResponse:
      return Cause::kClosedBeforeHeaders;
    case Kind::kResetInResponse:
      return Cause::kResetInBody;
    case Kind::kTruncated:
      return Cause::kTruncatedBody;
    case Kind::kMalformed:
      return Cause::kMalformed;
    case Kind::kTooLarge:
      return Cause::kTooLarge;
    case Kind::kTimeout:
      return Cause::kResponseTimeout;
    case Kind::kStatus:
      return Cause::kStatus;
    case Kind::kRedirects:
      return Cause::kRedirects;
    case Kind::kExpectation:
      return Cause::kExpectation;
    case Kind::kDecode:
      return Cause::kDecode;
    case Kind::kTlsExpired:
      return Cause::kTlsExpired;
    case Kind::kTlsAuthority:
      return Cause::kTlsAuthority;
    case Kind::kTlsName:
      return Cause::kTlsName;
    case Kind::kTlsProtocol:
      return Cause::kTlsProtocol;
    case Kind::kTlsClosed:
      return Cause::kTlsClosed;
    case Kind::kNone:
    case Kind::kOther:
      break;
  }
  return Cause::kOther;
}

}  // namespace sfp::forensics
