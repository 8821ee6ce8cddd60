#include "master/web/server.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>

#include <optional>

#include "common/base/units.h"
#include "master/assets/assets.h"
#include "master/report/json.h"
#include "master/report/series.h"
#include "master/web/json.h"
#include "master/web/metrics.h"
#include "master/web/views.h"

namespace sfp::web {
namespace {

using Call = Server::Call;
using report::JsonWriter;

constexpr std::chrono::milliseconds kTick{20};  // while pages listen or files are sent

constexpr std::string_view kSafety =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"  // with no-referrer a form would name no Origin
    "Cross-Origin-Resource-Policy: same-origin\r\n";
// Only what comes from here, and nothing that stands in the page itself.
constexpr std::string_view kPolicy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n";
// report.html is one file with its scripts in it: it runs, but as a stranger that may ask for
// nothing.
constexpr std::string_view kReportPolicy =
    "Content-Security-Policy: sandbox allow-scripts allow-downloads; default-src 'none'; "
    "script-src "
    "'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'\r\n";

net::HttpServerOptions HttpOptions(const Server::Options& options) {
  net::HttpServerOptions http;
  http.tls = options.tls;
  http.most_body_bytes = 64 * 1024;
  http.most_connections = 1000;
  http.most_stream_bytes = 8 << 20;  // a snapshot of thousands of endpoints
  http.refusal = [](int, std::string_view reason) { return ErrorJson(reason); };
  return http;
}

void Reply(const Call& call, int status, std::string_view type, std::string_view body,
           std::string_view fields = {}) {
  call.responder.Send({.status = status,
                       .content_type = type,
                       .body = body,
                       .fields = std::string(kSafety).append(kPolicy).append(fields)});
}

void ReplyError(const Call& call, int status, std::string_view sentence,
                std::string_view fields = {}) {
  Reply(call, status, "application/json", ErrorJson(sentence), fields);
}

template <typename Write>
void ReplyJson(const Call& call, Write write) {
  JsonWriter w;
  write(w);
  Reply(call, 200, "application/json", w.Take());
}

// Whether the path is the route's, segment by segment.
bool Fits(std::string_view route, std::string_view path) {
  while (!route.empty() && !path.empty()) {
    const std::size_t r = std::min(route.find('/', 1), route.size());
    const std::size_t p = std::min(path.find('/', 1), path.size());
    if (!route.starts_with("/{") && route.substr(0, r) != path.substr(0, p)) return false;
    route.remove_prefix(r);
    path.remove_prefix(p);
  }
  return route.empty() && path.empty();
}

std::string_view TypeOf(std::string_view field) {
  std::string_view type = field.substr(0, field.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return type;
}

// Nothing: neither JSON nor a script's form.
std::optional<BodyKind> KindOf(const net::HttpRequest& request) {
  const std::string_view type = TypeOf(request.Field("Content-Type"));
  if (absl::EqualsIgnoreCase(ToAbsl(type), "application/json")) return BodyKind::kJson;
  if (absl::EqualsIgnoreCase(ToAbsl(type), "application/x-www-form-urlencoded") &&
      request.Field("Origin").empty()) {
    return BodyKind::kForm;
  }
  return std::nullopt;
}

int HttpStatus(const Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    default:
      return 503;
  }
}

// A whole number of the query; 0 if it is not given, nothing if it is none.
std::optional<std::uint32_t> NumberOf(std::string_view query, std::string_view name) {
  const auto text = FormValue(query, name);
  std::uint32_t number = 0;
  if (text && !absl::SimpleAtoi(*text, &number)) return std::nullopt;
  return number;
}

// A page whose element with this id is not hidden.
std::string Shown(std::string_view file, std::string_view id) {
  constexpr std::string_view kHidden = " hidden";
  std::string page(assets::Asset(file));
  const std::size_t at = page.find(kHidden, page.find("id=\"" + std::string(id) + "\""));
  return page.erase(at, kHidden.size());
}

std::string Script() {
  std::string all = "'use strict';\n";
  for (const char* part : {"format.js", "charts.js", "views.js", "page.js"}) {
    all += assets::Asset(part);
  }
  return all;
}

}  // namespace

std::span<const Server::Route> Server::Routes() {
  using S = Server;
  static constexpr Route kRoutes[] = {
      {"GET", "/", &S::ServeFile},
      {"GET", "/assets/app.js", &S::ServeScript, true},
      {"GET", "/assets/style.css", &S::ServeFile, true},
      {"GET", "/assets/icon.svg", &S::ServeFile, true},
      {"GET", "/login", &S::ServeLogin, true},
      {"POST", "/login", &S::Login, true},
      {"POST", "/logout", &S::Logout},
      {"GET", "/events", &S::ServeEvents},
      {"GET", "/healthz", &S::ServeHealth, true},
      {"GET", "/ready", &S::ServeReady, true},
      {"GET", "/metrics", &S::ServeMetrics},
      {"GET", "/api/v1/openapi.json", &S::ServeFile},
      {"GET", "/api/v1/report.schema.json", &S::ServeFile},
      {"GET", "/api/v1/status", &S::ServeStatus},
      {"GET", "/api/v1/config", &S::ServeConfig},
      {"GET", "/api/v1/stats", &S::ServeStats},
      {"GET", "/api/v1/series", &S::ServeSeries},
      {"GET", "/api/v1/capacity", &S::ServeCapacity},
      {"GET", "/api/v1/failures", &S::ServeFailures},
      {"GET", "/api/v1/workers", &S::ServeWorkers},
      {"GET", "/api/v1/log", &S::ServeLog},
      {"GET", "/api/v1/reports", &S::ServeReports},
      {"GET", "/api/v1/reports/{run}/{file}", &S::ServeReport},
      {"POST", "/api/v1/start", &S::Start},
      {"POST", "/api/v1/edit", &S::Edit},
      {"POST", "/api/v1/stop", &S::Stop},
      {"POST", "/api/v1/reset", &S::Reset},
  };
  return kRoutes;
}

Server::Server(boost::asio::io_context& loop, const Options& options, Backend& backend)
    : options_(options),
      backend_(backend),
      access_(IsLoopback(options.address), options.tls != nullptr, options.token),
      snapshot_(backend),
      timer_(loop),
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
  const std::size_t end = std::min(request.target.find('?'), request.target.size());
  Call call{request, responder, request.target.substr(0, end),
            request.target.substr(std::min(end + 1, request.target.size()))};
  if (!access_.HostIsOurs(request)) {
    return ReplyError(call, 403, "this server listens on loopback and answers to its names only");
  }
  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  const Route* found = nullptr;
  std::string allowed;
  for (const Route& route : Routes()) {
    if (!Fits(route.path, call.path)) continue;
    if (route.method == method) found = &route;
    allowed += (allowed.empty() ? "" : ", ");
    allowed += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  call.pass = access_.Check(request, Now());
  if (call.pass == Access::Pass::kNo && (found == nullptr || !found->open)) {
    if (found != nullptr && found->path == "/") return ServeLogin(call);
    return ReplyError(call, 401, "this needs 'Authorization: Bearer' and the join token",
                      "WWW-Authenticate: Bearer realm=\"sfp\"\r\n");
  }
  if (allowed.empty()) return ReplyError(call, 404, "there is nothing at this path");
  if (found == nullptr) {
    return ReplyError(call, 405, "only " + allowed + " is allowed here",
                      "Allow: " + allowed + "\r\n");
  }
  if (found->method == "POST" && !Access::OriginIsOurs(request, call.pass)) {
    return ReplyError(call, 403, "requests from other sites are not accepted");
  }
  (this->*found->serve)(call);
}

void Server::ServeFile(const Call& call) {
  const std::string_view name =
      call.path == "/" ? "page.html" : call.path.substr(call.path.rfind('/') + 1);
  const std::string_view type = name.ends_with(".css")    ? "text/css; charset=utf-8"
                                : name.ends_with(".svg")  ? "image/svg+xml"
                                : name.ends_with(".json") ? "application/json"
                                                          : "text/html; charset=utf-8";
  const bool session = call.path == "/" && call.pass == Access::Pass::kCookie;
  Reply(call, 200, type, session ? Shown(name, "logout") : std::string(assets::Asset(name)));
}

void Server::ServeScript(const Call& call) {
  static const std::string script = Script();
  Reply(call, 200, "text/javascript; charset=utf-8", script);
}

// 401: somebody without a token asked for the page.
void Server::ServeLogin(const Call& call) {
  const std::string page = call.query == "wrong" ? Shown("login.html", "wrong")
                                                 : std::string(assets::Asset("login.html"));
  Reply(call, call.path == "/login" ? 200 : 401, "text/html; charset=utf-8", page,
        "WWW-Authenticate: Bearer realm=\"sfp\"\r\n");
}

void Server::Login(const Call& call) {
  const std::string_view type = TypeOf(call.request.Field("Content-Type"));
  if (!absl::EqualsIgnoreCase(ToAbsl(type), "application/x-www-form-urlencoded")) {
    return ReplyError(call, 415,
                      "the request needs Content-Type: application/x-www-form-urlencoded");
  }
  const auto token = FormValue(call.request.body, "token");
  if (token && access_.TokenFits(*token)) {
    return Reply(call, 303, "", "", "Location: /\r\n" + access_.BeginSession(Now()));
  }
  Reply(call, 303, "", "", "Location: /login?wrong\r\n");
}

void Server::Logout(const Call& call) {
  Reply(call, 303, "", "", "Location: /login\r\n" + access_.EndSession(call.request));
}

void Server::ServeHealth(const Call& call) {
  Reply(call, 200, "application/json", "{\"alive\":true}\n");
}

void Server::ServeReady(const Call& call) {
  const bool ready = backend_.GetStatus().ready;
  Reply(call, ready ? 200 : 503, "application/json",
        ready ? "{\"ready\":true}\n" : "{\"ready\":false}\n");
}

void Server::ServeMetrics(const Call& call) {
  Reply(call, 200, "text/plain; version=0.0.4; charset=utf-8",
        Metrics(backend_.GetStatus(), backend_.GetResults()));
}

void Server::ServeEvents(const Call& call) {
  if (events_.full()) return ReplyError(call, 429, "too many pages are open");
  const Time now = Now();
  if (newest_.empty() || snapshot_.Due(now)) newest_ = snapshot_.Build(now);
  events_.Add(call.responder, newest_, std::string(kSafety).append(kPolicy), now);
  Tick();
}

void Server::Tick() {
  if (std::exchange(ticking_, true)) return;
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    ticking_ = false;
    if (error) return;
    const Time now = Now();
    if (!events_.empty() && snapshot_.Due(now)) {
      newest_ = snapshot_.Build(now);
      events_.Publish(newest_, now);
    }
    downloads_.Pump();
    if (!events_.empty() || !downloads_.empty()) Tick();
  });
}

void Server::ServeStatus(const Call& call) {
  ReplyJson(call, [this](JsonWriter& w) { WriteStatus(w, backend_.GetStatus()); });
}

void Server::ServeConfig(const Call& call) {
  ReplyJson(call, [this](JsonWriter& w) { WriteDefaults(w, backend_.GetDefaults()); });
}

void Server::ServeStats(const Call& call) {
  ReplyJson(call, [this](JsonWriter& w) { WriteStats(w, backend_.GetResults()); });
}

void Server::ServeSeries(const Call& call) {
  const results::Results* results = backend_.GetResults();
  if (results == nullptr) return ReplyError(call, 409, "no run has begun yet");
  report::SeriesOptions options;
  const auto from = NumberOf(call.query, "from");
  if (!from) return ReplyError(call, 400, "'from' must be a second of the run");
  options.from_s = *from;
  if (const auto name = FormValue(call.query, "endpoint")) {
    const auto& endpoints = results->run().endpoints();
    for (int i = 0; i < endpoints.size() && !options.endpoint; ++i) {
      if (endpoints[i].name() == *name) options.endpoint = static_cast<std::size_t>(i);
    }
    if (!options.endpoint) return ReplyError(call, 404, "the run has no such endpoint");
  }
  ReplyJson(call, [&](JsonWriter& w) { report::WriteSeries(w, *results, options); });
}

void Server::ServeCapacity(const Call& call) {
  JsonWriter w;
  if (!snapshot_.WriteCapacity(w, Now())) return ReplyError(call, 409, "no run has begun yet");
  Reply(call, 200, "application/json", w.Take());
}

void Server::ServeFailures(const Call& call) {
  JsonWriter w;
  if (!snapshot_.WriteFailures(w, Now())) return ReplyError(call, 409, "no run has begun yet");
  Reply(call, 200, "application/json", w.Take());
}

void Server::ServeWorkers(const Call& call) {
  ReplyJson(call, [this](JsonWriter& w) { WriteWorkers(w, backend_.GetWorkers()); });
}

void Server::ServeLog(const Call& call) {
  const auto after = NumberOf(call.query, "after");
  if (!after) return ReplyError(call, 400, "'after' must be the number of a line");
  ReplyJson(call, [&](JsonWriter& w) { WriteLog(w, backend_.GetLog(*after)); });
}

void Server::ServeReports(const Call& call) {
  ReplyJson(call, [this](JsonWriter& w) { Downloads::WriteList(w, backend_.GetRuns()); });
}

void Server::ServeReport(const Call& call) {
  const std::size_t slash = call.path.rfind('/');
  const std::string_view file = call.path.substr(slash + 1);
  const std::size_t before = call.path.rfind('/', slash - 1);
  const std::string_view run = call.path.substr(before + 1, slash - before - 1);
  const std::string fields =
      std::string(kSafety).append(file.ends_with(".html") ? kReportPolicy : kPolicy);
  const Status status = downloads_.Send(backend_.GetRuns(), run, file, fields, call.responder);
  if (!status.ok()) return ReplyError(call, HttpStatus(status), Message(status));
  Tick();
}

void Server::Start(const Call& call) {
  const auto kind = KindOf(call.request);
  if (!kind) return ReplyError(call, 415, "the request needs Content-Type: application/json");
  const StatusOr<StartParams> params = ReadStartParams(call.request.body, *kind);
  ReplyStatus(call, params.ok() ? backend_.Start(*params) : params.status());
}

void Server::Edit(const Call& call) {
  const auto kind = KindOf(call.request);
  if (!kind) return ReplyError(call, 415, "the request needs Content-Type: application/json");
  const StatusOr<EditParams> params = ReadEditParams(call.request.body, *kind);
  ReplyStatus(call, params.ok() ? backend_.Edit(*params) : params.status());
}

void Server::Stop(const Call& call) {
  const auto kind = KindOf(call.request);
  if (!kind) return ReplyError(call, 415, "the request needs Content-Type: application/json");
  const Status nothing = ReadNothing(call.request.body, *kind);
  ReplyStatus(call, nothing.ok() ? backend_.Stop() : nothing);
}

void Server::Reset(const Call& call) {
  const auto kind = KindOf(call.request);
  if (!kind) return ReplyError(call, 415, "the request needs Content-Type: application/json");
  const Status nothing = ReadNothing(call.request.body, *kind);
  ReplyStatus(call, nothing.ok() ? backend_.Reset() : nothing);
}

void Server::ReplyStatus(const Call& call, const Status& status) {
  if (!status.ok()) return ReplyError(call, HttpStatus(status), Message(status));
  ServeStatus(call);
}

}  // namespace sfp::web
