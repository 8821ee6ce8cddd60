#include "common/stats/outcome.h"

namespace sfp::stats {

std::string_view Name(Phase phase) {
  switch (phase) {
    case Phase::kBlocked:
      return "blocked";
    case Phase::kDns:
      return "dns";
    case Phase::kConnect:
      return "connect";
    case Phase::kTls:
      return "tls";
    case Phase::kSend:
      return "send";
    case Phase::kFirstByte:
      return "first_byte";
    case Phase::kBody:
      return "body";
  }
  return "unknown";
}

std::string_view Name(FailureKind kind) {
  switch (kind) {
    case FailureKind::kNone:
      return "none";
    case FailureKind::kDns:
      return "dns";
    case FailureKind::kRefused:
      return "refused";
    case FailureKind::kUnreachable:
      return "unreachable";
    case FailureKind::kConnectTimeout:
      return "connect_timeout";
    case FailureKind::kOutOfDescriptors:
      return "out_of_descriptors";
    case FailureKind::kOutOfPorts:
      return "out_of_ports";
    case FailureKind::kTlsHandshake:
      return "tls_handshake";
    case FailureKind::kTlsCertificate:
      return "tls_certificate";
    case FailureKind::kTlsTimeout:
      return "tls_timeout";
    case FailureKind::kReset:
      return "reset";
    case FailureKind::kClosedBeforeResponse:
      return "closed_before_response";
    case FailureKind::kResetInResponse:
      return "reset_in_response";
    case FailureKind::kTruncated:
      return "truncated";
    case FailureKind::kMalformed:
      return "malformed";
    case FailureKind::kTooLarge:
      return "too_large";
    case FailureKind::kTimeout:
      return "timeout";
    case FailureKind::kStatus:
      return "status";
    case FailureKind::kRedirects:
      return "redirects";
    case FailureKind::kExpectation:
      return "expectation";
    case FailureKind::kDecode:
      return "decode";
    case FailureKind::kOther:
      return "other";
    case FailureKind::kTlsExpired:
      return "tls_expired";
    case FailureKind::kTlsAuthority:
      return "tls_authority";
    case FailureKind::kTlsName:
      return "tls_name";
    case FailureKind::kTlsProtocol:
      return "tls_protocol";
    case FailureKind::kTlsClosed:
      return "tls_closed";
  }
  return "unknown";
}

}  // namespace sfp::stats
