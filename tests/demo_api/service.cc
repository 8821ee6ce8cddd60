#include "tests/demo_api/service.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <unordered_map>

#include "common/net/authority.h"
#include "common/net/http_server.h"
#include "common/net/tls.h"
#include "tests/demo_api/counts.h"

namespace sfp::demo {
namespace {

constexpr Duration kAcceptDelay{1'000'000'000};  // of a connection that meets slow-accept
constexpr std::chrono::milliseconds kResetDelay{20};
constexpr Duration kStopGrace{500'000'000};

Duration Divide(Duration d, double speed) { return FromSeconds(Seconds(d) / speed); }

// Every time divided by the speed, and one seed for all.
ServiceOptions Scale(ServiceOptions options) {
  options.pool.service = Divide(options.pool.service, options.speed);
  options.pool.timeout = Divide(options.pool.timeout, options.speed);
  options.keepalive_timeout = Divide(options.keepalive_timeout, options.speed);
  options.pool.seed = options.api.seed = options.seed;
  options.api.bearer = options.oauth2.on;
  return options;
}

struct CloseFile {
  void operator()(FILE* file) const { std::fclose(file); }
};

}  // namespace

class Service::Parts final : public net::HttpObserver {
 public:
  Parts(const ServiceOptions& options, Faults faults)
      : options_(Scale(options)),
        faults_(faults),
        api_(options_.api),
        oauth2_(options_.oauth2, options_.api),
        pool_(options_.pool),
        pool_timer_(io_),
        signals_(io_) {}

  Status Open();
  void Run() { io_.run(); }
  void PostStop();
  void StopOnSignals();
  std::uint16_t port() const { return server_->port(); }
  std::string StatsJson() const { return counts_.Json(pool_.present(), oauth2_.Json()); }
  const ServiceOptions& options() const { return options_; }

 private:
  // A question on its way through the database.
  struct Pending {
    Question question;
    net::Responder responder;
    std::optional<Fault> fault;
    std::string asked;  // "GET /...", for the log
  };

  void OnAccept(std::uint64_t) override { counts_.Accepted(); }
  void OnExchange(const net::HttpExchange& exchange) override { counts_.Answered(exchange); }
  void OnClose(std::uint64_t connection, net::HttpCloseReason reason,
               std::uint64_t stray_bytes) override {
    counts_.Closed(connection, reason, stray_bytes);
  }

  void Stop();
  void Handle(const net::HttpRequest& request, const net::Responder& responder);
  void Control(const net::HttpRequest& request, const net::Responder& responder);
  void GiveToken(const net::HttpRequest& request, const net::Responder& responder);
  void Advance();
  void ArmTimer();
  void Finish(const Pending& pending, bool killed);
  void Answer(const Pending& pending);
  void ResetSoon(const net::Responder& responder);
  void Log(const Pending& pending, int status);

  const ServiceOptions options_;  // scaled
  const Faults faults_;
  const Api api_;
  OAuth2 oauth2_;
  Pool pool_;
  Counts counts_;
  std::unordered_map<Pool::Id, Pending> pending_;
  std::vector<Pool::Outcome> outcomes_;
  Pool::Id next_id_ = 0;
  std::uint64_t questions_ = 0;  // since start or reset: decides about faults
  bool advancing_ = false;
  std::unique_ptr<FILE, CloseFile> log_;
  net::TlsContext tls_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer pool_timer_;
  Time timer_at_ = kNever;
  boost::asio::signal_set signals_;
  std::unique_ptr<net::HttpServer> server_;
};

Status Service::Parts::Open() {
  net::HttpServerOptions http;
  http.idle_timeout = options_.keepalive_timeout;
  if (options_.pool.timeout.count() > 0) http.read_timeout = options_.pool.timeout;
  http.most_connections = 1'000'000;  // descriptors are the limit
  http.accept_delay = Divide(kAcceptDelay, options_.speed);
  http.delays_accept = [this](std::uint64_t connection) {
    const bool delays = faults_.DelaysAccept(connection);
    if (delays) counts_.Met(Fault::kSlowAccept);
    return delays;
  };
  if (options_.tls) {
    const std::string names[] = {"localhost", "127.0.0.1", "::1"};
    auto key = net::GenerateSelfSigned(names);
    if (!key.ok()) return key.status();
    auto tls = net::TlsContext::Server({.cert_pem = key->cert_pem, .key_pem = key->key_pem});
    if (!tls.ok()) return tls.status();
    tls_ = *std::move(tls);
    http.tls = tls_.native();
  }
  if (!options_.log.empty()) {
    log_.reset(std::fopen(options_.log.c_str(), "w"));
    if (!log_) return Unavailable(options_.log + ": " + std::strerror(errno));
  }
  server_ = std::make_unique<net::HttpServer>(
      io_, std::move(http),
      [this](const net::HttpRequest& request, const net::Responder& responder) {
        Handle(request, responder);
      },
      this);
  return server_->Listen(options_.address, options_.port);
}

void Service::Parts::Stop() {
  server_->Stop(kStopGrace, [this] { io_.stop(); });
}

void Service::Parts::PostStop() {
  boost::asio::post(io_, [this] { Stop(); });
}

void Service::Parts::StopOnSignals() {
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.async_wait([this](const auto& error, int) {
    if (!error) Stop();
  });
}

void Service::Parts::Handle(const net::HttpRequest& request, const net::Responder& responder) {
  const bool control = request.target == "/__stats" || request.target == "/__reset";
  const bool token = options_.oauth2.on && request.target == OAuth2::kPath;
  counts_.Asked(request.connection, request.index, control || token);
  if (control) return Control(request, responder);
  if (token) return GiveToken(request, responder);

  const std::string_view authorization = request.Field("Authorization");
  Pending pending{.question = options_.oauth2.on
                                  ? api_.ReadFrom(oauth2_.Accepts(authorization, Now()),
                                                  request.method, request.target)
                                  : api_.Read(request.method, request.target, authorization),
                  .responder = responder};
  responder.Tag(Counts::TagOf(pending.question.route));
  if (log_) pending.asked.append(request.method).append(" ").append(request.target);
  if (pending.question.refused != 0) return Answer(pending);

  const Pool::Id id = next_id_++;
  const std::optional<Fault> fault = faults_.OfRequest(questions_++);
  pending.fault = fault;
  if (fault) counts_.Met(*fault);
  pending_.emplace(id, std::move(pending));
  responder.OnGone([this, id] {
    pool_.Leave(id);
    pending_.erase(id);
  });
  if (fault == Fault::kStall) {
    pool_.Hold(id, Now());
  } else {
    pool_.Enter(id, Now());
  }
  Advance();
}

void Service::Parts::Control(const net::HttpRequest& request, const net::Responder& responder) {
  responder.Tag(Counts::kControl);
  const bool stats = request.target == "/__stats";
  if (request.method != (stats ? "GET" : "POST")) {
    responder.Send({.status = 405,
                    .body = Api::ErrorBody(405, "GET /__stats or POST /__reset."),
                    .fields = stats ? "Allow: GET\r\n" : "Allow: POST\r\n"});
    return;
  }
  if (log_) std::fflush(log_.get());
  if (!stats) {
    counts_.Reset();
    oauth2_.ResetCounts();
    questions_ = 0;
  }
  responder.Send({.body = StatsJson()});
}

void Service::Parts::GiveToken(const net::HttpRequest& request, const net::Responder& responder) {
  responder.Tag(Counts::kControl);
  demo::Answer answer;
  if (request.method == "POST") {
    answer = oauth2_.Grant(request.Field("Authorization"), request.body, Now());
  } else {
    answer = {.status = 405,
              .body = Api::ErrorBody(405, "Tokens are asked for by POST."),
              .fields = "Allow: POST\r\n"};
  }
  responder.Send({.status = answer.status, .body = answer.body, .fields = answer.fields});
}

// An answer may let the next pipelined question in, which comes here again: the outer call goes
// round for it.
void Service::Parts::Advance() {
  if (advancing_) return;
  advancing_ = true;
  do {
    outcomes_.clear();
    pool_.Advance(Now(), outcomes_);
    for (const Pool::Outcome& outcome : outcomes_) {
      const auto node = pending_.extract(outcome.id);
      if (!node.empty()) Finish(node.mapped(), outcome.killed);
    }
  } while (!outcomes_.empty());
  advancing_ = false;
  ArmTimer();
}

// Never late for an event; one that has moved away costs a look in vain.
void Service::Parts::ArmTimer() {
  const Time next = pool_.NextEvent();
  if (next >= timer_at_) return;
  timer_at_ = next;
  pool_timer_.expires_at(std::chrono::steady_clock::time_point(next.time_since_epoch()));
  pool_timer_.async_wait([this](const auto& error) {
    if (error) return;
    timer_at_ = kNever;
    Advance();
  });
}

void Service::Parts::Finish(const Pending& pending, bool killed) {
  using Abort = net::Responder::AbortKind;
  if (killed || pending.fault == Fault::kReset || pending.fault == Fault::kClose) {
    if (killed) counts_.Killed();
    Log(pending, 0);
    pending.responder.Abort(!killed && pending.fault == Fault::kReset ? Abort::kReset
                                                                      : Abort::kClose);
    return;
  }
  Answer(pending);
}

void Service::Parts::Answer(const Pending& pending) {
  demo::Answer answer = api_.Reply(pending.question);
  if (pending.fault == Fault::kError500) {
    answer.status = 500;
    answer.body = Api::ErrorBody(500, "The database did not answer.");
  }
  Log(pending, answer.status);
  if (pending.fault == Fault::kTruncate) {
    const std::string head = "HTTP/1.1 " + std::to_string(answer.status) +
                             " Cut\r\nContent-Type: application/json\r\nContent-Length: " +
                             std::to_string(answer.body.size()) + "\r\n\r\n";
    pending.responder.SendRaw(answer.status, head + answer.body.substr(0, answer.body.size() / 2));
  } else if (pending.fault == Fault::kResetBody) {
    pending.responder.StartStream(
        {.status = answer.status, .body = std::string_view(answer.body).substr(0, 200)});
    ResetSoon(pending.responder);
  } else if (pending.fault == Fault::kMalformed) {
    pending.responder.SendRaw(answer.status, "HTPP/1.1 OK 200\r\n\r\n");
  } else {
    pending.responder.Send({.status = answer.status, .body = answer.body, .fields = answer.fields});
  }
}

// A reset may overtake what was sent right before it.
void Service::Parts::ResetSoon(const net::Responder& responder) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, kResetDelay);
  timer->async_wait(
      [timer, responder](const auto&) { responder.Abort(net::Responder::AbortKind::kReset); });
}

void Service::Parts::Log(const Pending& pending, int status) {
  if (log_) std::fprintf(log_.get(), "%s %d\n", pending.asked.c_str(), status);
}

StatusOr<std::unique_ptr<Service>> Service::Start(const ServiceOptions& options) {
  if (!(options.speed > 0)) return Invalid("the speed must be above 0");
  if (options.pool.connections == 0 || options.pool.servers == 0) {
    return Invalid("the pool and the database need at least one place each");
  }
  Faults faults(options.seed);
  for (const std::string& fault : options.faults) {
    if (Status status = faults.Add(fault); !status.ok()) return status;
  }
  auto parts = std::make_unique<Parts>(options, faults);
  if (Status status = parts->Open(); !status.ok()) return status;
  return std::unique_ptr<Service>(new Service(std::move(parts)));
}

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Service::~Service() = default;

std::uint16_t Service::port() const { return parts_->port(); }

std::string Service::Stats() const { return parts_->StatsJson(); }

std::string Service::url() const {
  const ServiceOptions& options = parts_->options();
  const bool literal6 = options.address.find(':') != std::string::npos;
  return (options.tls ? "https://" : "http://") +
         (literal6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(port());
}

void Service::Run() { parts_->Run(); }
void Service::Stop() { parts_->PostStop(); }
void Service::StopOnSignals() { parts_->StopOnSignals(); }

}  // namespace sfp::demo
