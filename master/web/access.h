#pragma once

// Who may ask for what. On loopback everybody who is on this machine; elsewhere, if there is a
// token, who shows it:
//
//   scripts   Authorization: Bearer TOKEN
//   browsers  a cookie that they got for the token at /login: HttpOnly, SameSite=Strict, Secure
//             under TLS; good until the master ends, or kSessionTime without a request
//
// What changes something must come from our own page or from no page at all: a browser names the
// page's origin. With a cookie it must name it.
//
// Thread: confined to the server's loop.

#include <list>
#include <string>
#include <string_view>

#include "common/base/time.h"
#include "common/net/http_server.h"

namespace sfp::web {

class Access {
 public:
  static constexpr Duration kSessionTime = std::chrono::hours(12);
  static constexpr std::size_t kMostSessions = 100;

  // `token` empty: none is asked for.
  Access(bool loopback, bool tls, std::string token);

  enum class Pass { kNo, kOpen, kBearer, kCookie };
  Pass Check(const net::HttpRequest& request, Time now);
  // On loopback, Host must be a name of it: no foreign name can be pointed at this machine (DNS
  // rebinding).
  bool HostIsOurs(const net::HttpRequest& request) const;
  static bool OriginIsOurs(const net::HttpRequest& request, Pass pass);

  bool TokenFits(std::string_view token) const;
  // A field that gives the browser a session.
  std::string BeginSession(Time now);
  // A field that takes it away.
  std::string EndSession(const net::HttpRequest& request);

 private:
  struct Session {
    std::string id;
    Time used;
  };
  std::list<Session>::iterator SessionOf(const net::HttpRequest& request, Time now);
  std::string Cookie(std::string_view value, std::string_view age) const;

  const bool loopback_;
  const bool tls_;
  const std::string token_;
  std::list<Session> sessions_;  // oldest first
};

// Whether the Host field names this machine's loopback: localhost, 127.x.y.z or [::1], with or
// without port.
bool IsLoopbackHost(std::string_view host);

}  // namespace sfp::web
