#include "master/report/cause.h"

namespace sfp::report {

std::string_view Cause(stats::FailureKind kind) {
  using Kind = stats::FailureKind;
  switch (kind) {
    case Kind::kNone:
      return "";
    case Kind::kDns:
      return "the target's name has no address on the worker: check target.url and the worker's "
             "resolver";
    case Kind::kRefused:
      return "nobody listens on the target's port: check target.url and that the API is running";
    case Kind::kUnreachable:
      return "no route from the worker to the target: check network and firewall";
    case Kind::kConnectTimeout:
      return "the server did not accept in time: raise its accept backlog (listen backlog, "
             "net.core.somaxconn) or let it accept faster";
    case Kind::kOutOfDescriptors:
      return "the worker ran out of file descriptors: raise its limit (ulimit -n) or add workers";
    case Kind::kOutOfPorts:
      return "the worker ran out of local ports: widen net.ipv4.ip_local_port_range or add workers";
    case Kind::kTlsHandshake:
      return "the server broke the TLS handshake off or speaks no TLS there: check the scheme of "
             "target.url and the server's TLS versions";
    case Kind::kTlsCertificate:
      return "the server's certificate did not verify: set target.tls.ca, or target.tls.verify: "
             "false";
    case Kind::kTlsTimeout:
      return "the TLS handshake took too long: the server lacks CPU for new connections; keep "
             "connections alive longer";
    case Kind::kReset:
      return "the server closed the connection while the request was on its way: raise its "
             "keep-alive "
             "timeout above the users' think time, and its socket timeout above the queueing time";
    case Kind::kClosedBeforeResponse:
      return "the server closed the connection without an answer: raise its keep-alive timeout "
             "above the "
             "users' think time, and its socket timeout above the queueing time";
    case Kind::kResetInResponse:
      return "the server reset the connection in the middle of an answer: look for crashes or a "
             "write "
             "timeout there";
    case Kind::kTruncated:
      return "the answer ended early: look for crashes, a write timeout or a wrong Content-Length "
             "there";
    case Kind::kMalformed:
      return "the answer is not valid HTTP/1.1: check that target.url leads to the API itself";
    case Kind::kTooLarge:
      return "the answer is larger than the limit of the target's settings allows";
    case Kind::kTimeout:
      return "no complete answer within target.timeout: the server queues longer than that";
    case Kind::kStatus:
      return "the status is not one that the task expects: see the API's log, or the task's "
             "expect.status";
    case Kind::kRedirects:
      return "too many redirects, or one without a usable Location: check target.url and "
             "max_redirects";
    case Kind::kExpectation:
      return "the answer is not what the task's expect asks for";
    case Kind::kDecode:
      return "the content encoding of the answer is broken: check proxies between worker and API";
    case Kind::kOther:
      return "no single known cause: see the message";
  }
  return "";
}

}  // namespace sfp::report
