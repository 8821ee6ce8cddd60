#include "common/net/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "common/net/http_connection.h"
#include "common/net/listener.h"

namespace sfp::net {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kAcceptPause{50};  // when descriptors ran out
constexpr Duration kDrainLimit{1'000'000'000};

std::chrono::steady_clock::time_point ToSteady(Time at) {
  return std::chrono::steady_clock::time_point(at.time_since_epoch());
}

}  // namespace

HttpCore::HttpCore(boost::asio::io_context& io_loop, HttpServerOptions server_options,
                   HttpHandler request_handler, HttpObserver* http_observer)
    : loop(io_loop),
      options(std::move(server_options)),
      handler(std::move(request_handler)),
      observer(http_observer),
      timer_(io_loop),
      grace_timer_(io_loop),
      accept_timer_(io_loop) {}

Status HttpCore::Listen(const std::string& host, std::uint16_t wanted) {
  const StatusOr<int> fd = OpenListener(host, wanted, options.backlog);
  if (!fd.ok()) return fd.status();
  listener_.emplace(loop, *fd);
  port = PortOf(*fd);
  WaitAcceptable();
  return Ok();
}

void HttpCore::WaitAcceptable() {
  if (!listener_ || waits_acceptable_ || connections >= options.most_connections) return;
  waits_acceptable_ = true;
  listener_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                        [self = shared_from_this()](const auto& error) {
                          self->waits_acceptable_ = false;
                          if (!error && self->listener_) self->Accept();
                        });
}

void HttpCore::Accept() {
  for (int i = 0; i < kAcceptsPerTurn && connections < options.most_connections; ++i) {
    const int fd =
        ::accept4(listener_->native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Add(fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return WaitAfterFailedAccept();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    }
  }
  WaitAcceptable();
}

void HttpCore::WaitAfterFailedAccept() {
  accept_timer_.expires_after(kAcceptPause);
  accept_timer_.async_wait([self = shared_from_this()](const auto& error) {
    if (!error) self->WaitAcceptable();
  });
}

void HttpCore::Add(int fd) {
  using State = HttpConnection::State;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto connection = std::make_shared<HttpConnection>(*this, fd, ++next_number_);
  auto& list = lists_[static_cast<int>(connection->state_)];
  connection->entry_ = list.insert(list.end(), connection);
  ++connections;
  if (observer != nullptr) observer->OnAccept(connection->number());
  if (options.delays_accept && options.delays_accept(connection->number())) {
    connection->Begin(State::kDelayed);
  } else {
    connection->Begin(options.tls != nullptr ? State::kHandshake : State::kIdle);
  }
}

Duration HttpCore::LimitOf(HttpConnection::State state) const {
  switch (state) {
    case HttpConnection::State::kDelayed:
      return options.accept_delay;
    case HttpConnection::State::kHandshake:
    case HttpConnection::State::kReading:
      return options.read_timeout;
    case HttpConnection::State::kIdle:
      return options.idle_timeout;
    case HttpConnection::State::kServing:
      return Duration::max();
    case HttpConnection::State::kWriting:
      return options.write_timeout;
    case HttpConnection::State::kDraining:
      return kDrainLimit;
  }
  return Duration::max();
}

void HttpCore::Enter(HttpConnection& connection, HttpConnection::State state) {
  auto& to = lists_[static_cast<int>(state)];
  to.splice(to.end(), lists_[static_cast<int>(connection.state_)], connection.entry_);
  connection.state_ = state;
  connection.since_ = Now();
  const Duration limit = LimitOf(state);
  if (limit != Duration::max()) ArmTimer(connection.since_ + limit);
}

void HttpCore::Remove(HttpConnection& connection, HttpCloseReason reason,
                      std::uint64_t stray_bytes) {
  lists_[static_cast<int>(connection.state_)].erase(connection.entry_);
  --connections;
  if (observer != nullptr) observer->OnClose(connection.number(), reason, stray_bytes);
  WaitAcceptable();
  if (connections == 0 && stopped_) {
    grace_timer_.cancel();
    boost::asio::post(loop, std::exchange(stopped_, nullptr));
  }
}

// One timer for all: it may fire early for a connection that has moved on, never late.
void HttpCore::ArmTimer(Time at) {
  if (at >= timer_at_) return;
  timer_at_ = at;
  timer_.expires_at(ToSteady(at));
  timer_.async_wait([self = shared_from_this()](const auto& error) {
    if (!error) self->OnTimer();
  });
}

void HttpCore::OnTimer() {
  timer_at_ = kNever;
  const Time now = Now();
  Time next = kNever;
  for (int i = 0; i < HttpConnection::kStates; ++i) {
    const Duration limit = LimitOf(static_cast<HttpConnection::State>(i));
    if (limit == Duration::max()) continue;
    auto& list = lists_[i];
    while (!list.empty() && list.front()->since_ + limit <= now) {
      const std::shared_ptr<HttpConnection> expired = list.front();
      expired->Expire();
    }
    if (!list.empty()) next = std::min(next, list.front()->since_ + limit);
  }
  ArmTimer(next);
}

std::string_view HttpCore::DateField() {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != date_second_) {
    date_second_ = now.tv_sec;
    tm utc;
    gmtime_r(&now.tv_sec, &utc);
    char text[64];
    date_field_.assign(text,
                       strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc));
  }
  return date_field_;
}

void HttpCore::Stop(Duration grace, std::function<void()> done) {
  stopping = true;
  listener_.reset();
  accept_timer_.cancel();
  stopped_ = std::move(done);
  std::vector<std::shared_ptr<HttpConnection>> all;
  for (const auto& list : lists_) all.insert(all.end(), list.begin(), list.end());
  if (all.empty()) return boost::asio::post(loop, std::exchange(stopped_, nullptr));
  grace_timer_.expires_after(grace);
  grace_timer_.async_wait([self = shared_from_this(), all](const auto& error) {
    if (error) return;
    for (const auto& connection : all) connection->Drop(HttpCloseReason::kShutdown);
  });
  for (const auto& connection : all) connection->StopWhenIdle();
}

void HttpCore::Abandon() {
  observer = nullptr;
  stopped_ = nullptr;
  stopping = true;
  listener_.reset();
  timer_.cancel();
  grace_timer_.cancel();
  accept_timer_.cancel();
  for (auto& list : lists_) {
    while (!list.empty()) {
      const std::shared_ptr<HttpConnection> connection = list.front();
      connection->OnGone(nullptr);
      connection->Drop(HttpCloseReason::kShutdown);
    }
  }
}

HttpServer::HttpServer(boost::asio::io_context& loop, HttpServerOptions options,
                       HttpHandler handler, HttpObserver* observer)
    : core_(std::make_shared<HttpCore>(loop, std::move(options), std::move(handler), observer)) {
  std::signal(SIGPIPE, SIG_IGN);
}

HttpServer::~HttpServer() { core_->Abandon(); }

Status HttpServer::Listen(const std::string& host, std::uint16_t port) {
  return core_->Listen(host, port);
}

std::uint16_t HttpServer::port() const { return core_->port; }
std::size_t HttpServer::connections() const { return core_->connections; }

void HttpServer::Stop(Duration grace, std::function<void()> done) {
  core_->Stop(grace, std::move(done));
}

std::string_view HttpRequest::Field(std::string_view name) const {
  for (const HttpField& field : fields) {
    if (field.name.size() == name.size() &&
        ::strncasecmp(field.name.data(), name.data(), name.size()) == 0) {
      return field.value;
    }
  }
  return {};
}

Responder::Responder(std::weak_ptr<HttpConnection> connection, std::uint64_t exchange)
    : connection_(std::move(connection)), exchange_(exchange) {}

// Empty unless the exchange still waits for its answer.
std::shared_ptr<HttpConnection> Responder::Lock() const {
  auto connection = connection_.lock();
  if (connection && !connection->Serves(exchange_)) connection.reset();
  return connection;
}

bool Responder::Tag(std::uint64_t tag) const {
  const auto connection = Lock();
  if (connection) connection->Tag(tag);
  return connection != nullptr;
}

bool Responder::OnGone(std::function<void()> callback) const {
  const auto connection = Lock();
  if (connection) connection->OnGone(std::move(callback));
  return connection != nullptr;
}

bool Responder::Send(const HttpReply& reply) const {
  const auto connection = Lock();
  if (connection) connection->Send(reply);
  return connection != nullptr;
}

bool Responder::StartStream(const HttpReply& reply) const {
  const auto connection = Lock();
  if (connection) connection->StartStream(reply);
  return connection != nullptr;
}

bool Responder::Write(std::string_view piece) const {
  const auto connection = Lock();
  return connection != nullptr && connection->WriteStream(piece);
}

bool Responder::End() const {
  const auto connection = Lock();
  if (connection) connection->EndStream();
  return connection != nullptr;
}

std::size_t Responder::Waiting() const {
  const auto connection = Lock();
  return connection ? connection->Unsent() : 0;
}

bool Responder::SendRaw(int status, std::string_view bytes) const {
  const auto connection = Lock();
  if (connection) connection->SendRaw(status, bytes);
  return connection != nullptr;
}

bool Responder::Abort(AbortKind kind) const {
  const auto connection = Lock();
  if (connection) connection->Abort(kind);
  return connection != nullptr;
}

}  // namespace sfp::net
