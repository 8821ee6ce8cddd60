#include "master/web/access.h"

#include <absl/strings/match.h>

#include <algorithm>

#include "common/base/status.h"
#include "common/base/units.h"
#include "common/net/secret.h"

namespace sfp::web {
namespace {

constexpr std::string_view kCookie = "sfp_session=";

// The session's id out of "a=b; sfp_session=…".
std::string_view SessionId(std::string_view cookies) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view one = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.starts_with(kCookie)) return one.substr(kCookie.size());
  }
  return {};
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
  return IsLoopback(host.substr(0, host.find(':')));
}

Access::Access(bool loopback, bool tls, std::string token)
    : loopback_(loopback), tls_(tls), token_(loopback ? "" : std::move(token)) {}

Access::Pass Access::Check(const net::HttpRequest& request, Time now) {
  constexpr std::string_view kScheme = "Bearer ";
  if (token_.empty()) return Pass::kOpen;
  const std::string_view shown = request.Field("Authorization");
  if (absl::StartsWithIgnoreCase(ToAbsl(shown), ToAbsl(kScheme)) &&
      TokenFits(shown.substr(kScheme.size()))) {
    return Pass::kBearer;
  }
  const auto session = SessionOf(request, now);
  if (session == sessions_.end()) return Pass::kNo;
  session->used = now;
  sessions_.splice(sessions_.end(), sessions_, session);
  return Pass::kCookie;
}

bool Access::HostIsOurs(const net::HttpRequest& request) const {
  return !loopback_ || IsLoopbackHost(request.Field("Host"));
}

// "http://127.0.0.1:8089" and "127.0.0.1:8089". A browser leaves the scheme's own port out of both.
bool Access::OriginIsOurs(const net::HttpRequest& request, Pass pass) {
  const std::string_view origin = request.Field("Origin");
  if (origin.empty()) {
    const std::string_view site = request.Field("Sec-Fetch-Site");
    return pass != Pass::kCookie && (site.empty() || site == "same-origin" || site == "none");
  }
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos &&
         absl::EqualsIgnoreCase(ToAbsl(origin.substr(scheme + 3)), ToAbsl(request.Field("Host")));
}

bool Access::TokenFits(std::string_view token) const { return net::SameSecret(token_, token); }

std::string Access::BeginSession(Time now) {
  if (sessions_.size() >= kMostSessions) sessions_.pop_front();
  sessions_.push_back({net::RandomToken(), now});
  return Cookie(sessions_.back().id, "");
}

std::string Access::EndSession(const net::HttpRequest& request) {
  const std::string_view id = SessionId(request.Field("Cookie"));
  sessions_.remove_if([&](const Session& session) { return net::SameSecret(session.id, id); });
  return Cookie("", "; Max-Age=0");
}

std::list<Access::Session>::iterator Access::SessionOf(const net::HttpRequest& request, Time now) {
  while (!sessions_.empty() && now - sessions_.front().used > kSessionTime) sessions_.pop_front();
  const std::string_view id = SessionId(request.Field("Cookie"));
  if (id.empty()) return sessions_.end();
  return std::find_if(sessions_.begin(), sessions_.end(),
                      [&](const Session& session) { return net::SameSecret(session.id, id); });
}

std::string Access::Cookie(std::string_view value, std::string_view age) const {
  return std::string("Set-Cookie: ")
      .append(kCookie)
      .append(value)
      .append("; Path=/; HttpOnly; SameSite=Strict")
      .append(tls_ ? "; Secure" : "")
      .append(age)
      .append("\r\n");
}

}  // namespace sfp::web
