#include "master/web/server.h"

#include <absl/strings/match.h>

#include "common/base/units.h"
#include "common/net/secret.h"
#include "master/web/json.h"
#include "master/web/page.h"

namespace sfp::web {
namespace {

constexpr std::string_view kCommonFields =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n";

net::HttpServerOptions HttpOptions(const Server::Options& options) {
  net::HttpServerOptions http;
  http.tls = options.tls;
  http.most_body_bytes = 64 * 1024;
  http.most_connections = 1000;
  return http;
}

void ReplyJson(const net::Responder& responder, int status, std::string_view body,
               std::string_view fields = {}) {
  responder.Send(
      {.status = status, .body = body, .fields = std::string(kCommonFields).append(fields)});
}

void ReplyError(const net::Responder& responder, int status, std::string_view sentence,
                std::string_view fields = {}) {
  ReplyJson(responder, status, ErrorJson(sentence), fields);
}

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

enum class Path { kNone, kGet, kPost };

Path KindOf(std::string_view path) {
  if (path == "/" || path == "/healthz" || path == "/ready" || path == "/api/v1/status") {
    return Path::kGet;
  }
  return path == "/api/v1/start" || path == "/api/v1/stop" ? Path::kPost : Path::kNone;
}

bool IsJson(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t end = type.find_last_not_of(" \t");
  return end != std::string_view::npos &&
         absl::EqualsIgnoreCase(ToAbsl(type.substr(0, end + 1)), "application/json");
}

// "http://127.0.0.1:8089" and "127.0.0.1:8089". A browser leaves the scheme's own port out of both.
bool IsSameOrigin(std::string_view origin, std::string_view host) {
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos &&
         absl::EqualsIgnoreCase(ToAbsl(origin.substr(scheme + 3)), ToAbsl(host));
}

int HttpStatus(const Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    default:
      return 503;
  }
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
  return IsLoopback(host.substr(0, host.find(':')));
}

Server::Server(boost::asio::io_context& loop, const Options& options, Backend& backend)
    : options_(options),
      backend_(backend),
      http_(loop, HttpOptions(options),
            [this](const net::HttpRequest& request, const net::Responder& responder) {
              Handle(request, responder);
            }) {}

Status Server::Listen() { return http_.Listen(options_.address, options_.port); }

std::string Server::url() const {
  const bool literal6 = options_.address.find(':') != std::string::npos;
  return (options_.tls != nullptr ? "https://" : "http://") +
         (literal6 ? "[" + options_.address + "]" : options_.address) + ":" +
         std::to_string(port());
}

void Server::Handle(const net::HttpRequest& request, const net::Responder& responder) {
  const bool local = IsLoopback(options_.address);
  if (local && !IsLoopbackHost(request.Field("Host"))) {
    return ReplyError(responder, 403,
                      "this server listens on loopback and answers to its names only");
  }
  if (!local && !MayPass(request)) {
    return ReplyError(responder, 401, "this needs 'Authorization: Bearer' and the join token",
                      "WWW-Authenticate: Bearer realm=\"sfp\"\r\n");
  }
  switch (KindOf(PathOf(request.target))) {
    case Path::kNone:
      return ReplyError(responder, 404, "there is nothing at this path");
    case Path::kGet:
      if (request.method == "GET" || request.method == "HEAD") return Get(request, responder);
      return ReplyError(responder, 405, "only GET is allowed here", "Allow: GET, HEAD\r\n");
    case Path::kPost:
      if (request.method == "POST") return Post(request, responder);
      return ReplyError(responder, 405, "only POST is allowed here", "Allow: POST\r\n");
  }
}

bool Server::MayPass(const net::HttpRequest& request) const {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view path = PathOf(request.target);
  if (options_.token.empty() || path == "/healthz" || path == "/ready") return true;
  const std::string_view shown = request.Field("Authorization");
  return absl::EqualsIgnoreCase(ToAbsl(shown.substr(0, kScheme.size())), ToAbsl(kScheme)) &&
         net::SameSecret(options_.token, shown.substr(kScheme.size()));
}

void Server::Get(const net::HttpRequest& request, const net::Responder& responder) {
  const std::string_view path = PathOf(request.target);
  if (path == "/healthz") return ReplyJson(responder, 200, "{\"alive\":true}\n");
  const RunStatus status = backend_.GetStatus();
  if (path == "/ready") {
    return ReplyJson(responder, status.ready ? 200 : 503,
                     status.ready ? "{\"ready\":true}\n" : "{\"ready\":false}\n");
  }
  if (path == "/api/v1/status") return ReplyJson(responder, 200, StatusJson(status));
  responder.Send({.content_type = "text/html; charset=utf-8",
                  .body = StatusPage(status),
                  .fields = kCommonFields});
}

void Server::Post(const net::HttpRequest& request, const net::Responder& responder) {
  if (!IsJson(request.Field("Content-Type"))) {
    return ReplyError(responder, 415, "the request needs Content-Type: application/json");
  }
  const std::string_view origin = request.Field("Origin");
  if (!origin.empty() && !IsSameOrigin(origin, request.Field("Host"))) {
    return ReplyError(responder, 403, "requests from other sites are not accepted");
  }
  if (PathOf(request.target) == "/api/v1/stop") {
    const Status nothing = ReadNothing(request.body);
    return ReplyStatus(responder, nothing.ok() ? backend_.Stop() : nothing);
  }
  const StatusOr<StartParams> params = ReadStartParams(request.body);
  ReplyStatus(responder, params.ok() ? backend_.Start(*params) : params.status());
}

void Server::ReplyStatus(const net::Responder& responder, const Status& status) {
  if (!status.ok()) return ReplyError(responder, HttpStatus(status), Message(status));
  ReplyJson(responder, 200, StatusJson(backend_.GetStatus()));
}

}  // namespace sfp::web
