#include "common/net/tunnel.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace sfp::net {
namespace {

using State = StreamSocket::State;
using Kind = Trouble::Kind;

constexpr std::size_t kBufferBytes = 32 * 1024;
constexpr int kStepsPerTurn = 64;  // then the loop's other work has its turn
constexpr Duration kLinger = std::chrono::seconds(2);

void PrepareClient(SSL* ssl, const std::string& peer_name) {
  SSL_set_connect_state(ssl);
  in6_addr ignored;
  const bool address = inet_pton(AF_INET, peer_name.c_str(), &ignored) == 1 ||
                       inet_pton(AF_INET6, peer_name.c_str(), &ignored) == 1;
  if (address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), peer_name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, peer_name.c_str());
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, peer_name.c_str());
  }
}

}  // namespace

Tunnel::Tunnel(boost::asio::io_context& loop, int fd, Options options, Events events)
    : loop_(loop),
      options_(std::move(options)),
      events_(std::move(events)),
      outer_(loop, fd, options_.tls.native()),
      limit_(loop) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL
  if (outer_.secure()) WriteDownRejected(outer_.ssl(), &rejected_);
  if (outer_.secure() && options_.client) PrepareClient(outer_.ssl(), options_.peer_name);
}

Tunnel::~Tunnel() = default;

void Tunnel::Begin() {
  if (!outer_.secure()) return Open();
  EndBy(options_.handshake_limit, Kind::kTimeout);
  Handshake();
}

void Tunnel::Handshake() {
  const State state = outer_.Handshake();
  if (state == State::kOk) return Open();
  if (state == State::kFailed || state == State::kClosed) return End(TroubleOf(outer_.ssl()));
  Wait(outer_, state);
}

void Tunnel::Open() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
    return End({Kind::kOther, std::strerror(errno)});
  }
  limit_.cancel();
  inner_ = std::make_unique<StreamSocket>(loop_, pair[0], nullptr);
  in_ = {.from = &outer_, .to = inner_.get(), .buffer = std::string(kBufferBytes, '\0')};
  out_ = {.from = inner_.get(), .to = &outer_, .buffer = std::string(kBufferBytes, '\0')};
  events_.on_open(pair[1]);
  Pump();
}

void Tunnel::Pump() {
  if (ended_) return;
  for (int steps = 0; steps < kStepsPerTurn; ++steps) {
    const Progress in = Step(in_);
    if (ended_) return;
    const Progress out = in == Progress::kBroken ? Progress::kBroken : Step(out_);
    if (ended_) return;
    if (out == Progress::kBroken) return End(heard_ ? Trouble{} : TroubleInFirstBytes(""));
    if (in_.closed && out_.closed) return End({});
    if ((in_.closed || out_.closed) && !std::exchange(lingering_, true)) {
      EndBy(kLinger, Kind::kNone);
    }
    if (in == Progress::kNone && out == Progress::kNone) return;
  }
  boost::asio::post(loop_, [self = shared_from_this()] { self->Pump(); });
}

Tunnel::Progress Tunnel::Step(Way& way) {
  if (way.begin < way.end) return Send(way);
  if (!way.ended) return Receive(way);
  if (way.closed) return Progress::kNone;
  way.closed = true;
  way.to->ShutdownSend();
  return Progress::kSome;
}

Tunnel::Progress Tunnel::Receive(Way& way) {
  const auto result = way.from->Receive(way.buffer.data(), way.buffer.size());
  switch (result.state) {
    case State::kOk:
      way.begin = 0;
      way.end = result.bytes;
      if (&way == &in_ && !heard_ && !FirstBytes({way.buffer.data(), way.end})) {
        return Progress::kBroken;
      }
      return Progress::kSome;
    case State::kClosed:
      if (&way == &in_ && !heard_) {
        End({Kind::kSilent, ""});
        return Progress::kBroken;
      }
      way.ended = true;
      return Progress::kSome;
    case State::kFailed:
      if (&way == &in_) {
        End(heard_            ? Trouble{}
            : outer_.secure() ? TroubleOf(outer_.ssl())
                              : Trouble{Kind::kSilent, ""});
        return Progress::kBroken;
      }
      way.ended = true;  // its owner closed it with bytes unread
      return Progress::kSome;
    default:
      Wait(*way.from, result.state);
      return Progress::kNone;
  }
}

Tunnel::Progress Tunnel::Send(Way& way) {
  const auto result = way.to->Send({way.buffer.data() + way.begin, way.end - way.begin});
  if (result.state == State::kOk) {
    way.begin += result.bytes;
    return Progress::kSome;
  }
  if (result.state == State::kWantRead || result.state == State::kWantWrite) {
    Wait(*way.to, result.state);
    return Progress::kNone;
  }
  // The owner of the inner end has closed it: what still comes is for nobody, but what it had
  // written before is still to be delivered.
  if (&way == &in_) {
    way.begin = way.end;
    return Progress::kSome;
  }
  // Why the peer will not have it may stand in what it sent last.
  if (!heard_) {
    char rest[256];
    const auto last = outer_.Receive(rest, sizeof rest);
    if (last.state == State::kOk) FirstBytes({rest, last.bytes});
    if (!ended_ && last.state == State::kFailed && outer_.secure()) End(TroubleOf(outer_.ssl()));
  }
  return Progress::kBroken;
}

bool Tunnel::FirstBytes(std::string_view bytes) {
  heard_ = true;
  if (!options_.client) return true;
  const Trouble trouble = TroubleInFirstBytes(bytes);
  if (trouble.kind == Kind::kNone) return true;
  End(trouble);
  return false;
}

void Tunnel::Wait(StreamSocket& socket, State state) {
  const bool write = state == State::kWantWrite;
  const int bit = (&socket == &outer_ ? 1 : 4) << (write ? 1 : 0);
  if ((waiting_ & bit) != 0) return;
  waiting_ |= bit;
  using boost::asio::posix::descriptor_base;
  socket.descriptor().async_wait(
      write ? descriptor_base::wait_write : descriptor_base::wait_read,
      [self = shared_from_this(), bit](const boost::system::error_code& error) {
        self->waiting_ &= ~bit;
        if (error || self->ended_) return;
        self->inner_ ? self->Pump() : self->Handshake();
      });
}

void Tunnel::EndBy(Duration limit, Kind kind) {
  limit_.expires_after(limit);
  limit_.async_wait([self = shared_from_this(), kind](const boost::system::error_code& error) {
    if (!error) self->End({kind, ""});
  });
}

std::optional<Duration> Tunnel::SinceAnswer() {
  if (ended_) return std::nullopt;
  tcp_info info{};
  socklen_t size = sizeof info;
  const int fd = outer_.descriptor().native_handle();
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return std::chrono::milliseconds(info.tcpi_last_ack_recv);
}

void Tunnel::Cut() { End({}); }

void Tunnel::End(Trouble trouble) {
  if (std::exchange(ended_, true)) return;
  limit_.cancel();
  // Whoever waits on the inner end learns of it after the reason can be known.
  const Events events = std::move(events_);
  if (events.on_end) events.on_end(trouble);
  outer_.Close();
  if (inner_) inner_->Close();
}

}  // namespace sfp::net
