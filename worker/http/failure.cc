#include "worker/http/failure.h"

#include <cerrno>
#include <system_error>

#include "common/base/units.h"

namespace sfp::http {

using stats::FailureKind;
using stats::Phase;

std::string ErrorText(int error) { return std::generic_category().message(error); }

FailureKind ConnectFailureKind(int error) {
  switch (error) {
    case ECONNREFUSED:
      return FailureKind::kRefused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EAFNOSUPPORT:
    case EACCES:
    case EPERM:
      return FailureKind::kUnreachable;
    case ETIMEDOUT:
      return FailureKind::kConnectTimeout;
    case EMFILE:
    case ENFILE:
    case ENOSPC:
      return FailureKind::kOutOfDescriptors;
    case EADDRNOTAVAIL:
      return FailureKind::kOutOfPorts;
    case ECONNRESET:
      return FailureKind::kReset;
    default:
      return FailureKind::kOther;
  }
}

std::string ConnectFailureMessage(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
      return ErrorText(error) + " (this worker's limit)";
    case ENOSPC:  // only epoll says it
      return "Too many watched sockets (this machine's fs.epoll.max_user_watches)";
    case EADDRNOTAVAIL:
      return ErrorText(error) + " (no free local port)";
    case ETIMEDOUT:
      return "connect: no answer (the kernel gave up)";
    default:
      return ErrorText(error);
  }
}

bool WorthAnotherAddress(int error) {
  return error != EMFILE && error != ENFILE && error != ENOSPC && error != ENOMEM;
}

int MoreTelling(int first, int second) {
  // A refusal comes from the target's machine; a missing route or address family is ours, as with
  // ::1 where IPv6 is off.
  const auto rank = [](int error) {
    switch (error) {
      case 0:
        return 0;
      case EAFNOSUPPORT:
        return 1;
      case EADDRNOTAVAIL:
        return 2;
      case ECONNREFUSED:
        return 4;
      default:
        return 3;
    }
  };
  return rank(second) >= rank(first) ? second : first;
}

bool IsReset(int error) { return error == ECONNRESET || error == EPIPE; }

FailureKind TimeoutKind(Phase phase) {
  if (phase == Phase::kConnect) return FailureKind::kConnectTimeout;
  if (phase == Phase::kTls) return FailureKind::kTlsTimeout;
  return FailureKind::kTimeout;
}

std::string TimeoutMessage(Phase phase, Duration limit) {
  const std::string within = " within " + FormatDuration(limit);
  switch (phase) {
    case Phase::kConnect:
      return "connect: no answer" + within;
    case Phase::kTls:
      return "TLS: handshake not finished" + within;
    case Phase::kSend:
      return "send: request not taken" + within;
    case Phase::kFirstByte:
      return "first byte: no answer" + within;
    case Phase::kBody:
      return "body: response not whole" + within;
    case Phase::kBlocked:
    case Phase::kDns:
      break;
  }
  return "nothing" + within;
}

}  // namespace sfp::http
