#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>

#include "common/base/check.h"

namespace sfp::support {
namespace {

constexpr std::chrono::microseconds kMoment{200};

std::string AddressOf(const sockaddr_in6& peer) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool v4 = peer.sin6_family == AF_INET;
  const void* address =
      v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(peer).sin_addr)
         : &peer.sin6_addr;
  inet_ntop(peer.sin6_family, address, text, sizeof text);
  return text;
}

// Until `fd` has one of the events; false if the server shall end.
bool WaitFor(int fd, int stop, short events) {
  pollfd both[] = {{fd, events, 0}, {stop, POLLIN, 0}};
  while (poll(both, 2, -1) < 0) {
  }
  return both[1].revents == 0;
}

int Listen(const std::string& address, int receive_buffer, std::uint16_t& port) {
  const bool v6 = address.find(':') != std::string::npos;
  sockaddr_storage storage{};
  socklen_t size = v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  storage.ss_family = v6 ? AF_INET6 : AF_INET;
  void* where = v6 ? static_cast<void*>(&reinterpret_cast<sockaddr_in6*>(&storage)->sin6_addr)
                   : static_cast<void*>(&reinterpret_cast<sockaddr_in*>(&storage)->sin_addr);
  SFP_CHECK(inet_pton(storage.ss_family, address.c_str(), where) == 1);
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SFP_CHECK(fd >= 0);
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  SFP_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&storage), size) == 0);
  SFP_CHECK(listen(fd, 128) == 0);
  SFP_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
  port = ntohs(v6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                  : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
  return fd;
}

std::size_t ContentLength(const std::string& header) {
  const std::string name = "\r\ncontent-length: ";
  const auto same = [](char a, char b) { return std::tolower(a) == b; };
  const auto at = std::search(header.begin(), header.end(), name.begin(), name.end(), same);
  if (at == header.end()) return 0;
  std::size_t length = 0;
  const char* digits = &*at + name.size();
  std::from_chars(digits, header.data() + header.size(), length);
  return length;
}

}  // namespace

// One connection, plain or TLS, blocking but for the server's end.
class RawServer::Peer {
 public:
  Peer(int fd, int stop) : fd_(fd), stop_(stop) {}
  ~Peer() {
    SSL_free(ssl_);
    close(fd_);
  }

  bool BeginTls(const net::TlsContext& tls) {
    ssl_ = SSL_new(tls.native());
    SSL_set_fd(ssl_, fd_);
    return SSL_accept(ssl_) == 1;
  }
  SSL* ssl() { return ssl_; }

  bool WaitReadable() {
    if (ssl_ != nullptr && SSL_pending(ssl_) > 0) return true;
    return WaitFor(fd_, stop_, POLLIN);
  }

  // False at the client's end.
  bool ReadMore() {
    char piece[16 * 1024];
    if (!WaitReadable()) return false;
    const auto n =
        ssl_ != nullptr ? SSL_read(ssl_, piece, sizeof(piece)) : recv(fd_, piece, sizeof(piece), 0);
    if (n <= 0) return false;
    unread_.append(piece, static_cast<std::size_t>(n));
    return true;
  }

  bool ReadBytes(std::size_t count) {
    while (unread_.size() < count) {
      if (!ReadMore()) return false;
    }
    return true;
  }

  bool ReadRequest(std::string& request) {
    std::size_t end;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore()) return false;
    }
    const std::size_t size = end + 4 + ContentLength(unread_.substr(0, end + 4));
    if (!ReadBytes(size)) return false;
    request = unread_.substr(0, size);
    unread_.erase(0, size);
    return true;
  }

  bool Send(const char* data, std::size_t size) {
    while (size > 0) {
      const auto n = ssl_ != nullptr ? SSL_write(ssl_, data, static_cast<int>(size))
                                     : send(fd_, data, size, MSG_NOSIGNAL);
      if (n <= 0) return false;
      data += n;
      size -= static_cast<std::size_t>(n);
    }
    return true;
  }

  void HalfClose() { shutdown(fd_, SHUT_WR); }
  void Reset() {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  void Drain() {
    while (ReadMore()) unread_.clear();
  }
  // Until the client is gone, without reading: its FIN or RST shows all the same.
  void Stall() { WaitFor(fd_, stop_, POLLRDHUP); }

 private:
  int fd_;
  int stop_;
  SSL* ssl_ = nullptr;
  std::string unread_;
};

RawServer::RawServer(std::vector<Script> scripts, Options options)
    : scripts_(std::move(scripts)), options_(std::move(options)) {
  SFP_CHECK(!scripts_.empty());
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL
  stop_ = eventfd(0, EFD_CLOEXEC);
  SFP_CHECK(stop_ >= 0);
  listener_ = Listen(options_.address, options_.receive_buffer, port_);
  acceptor_ = std::thread([this] { Accept(); });
}

RawServer::~RawServer() {
  eventfd_write(stop_, 1);
  acceptor_.join();
  for (std::thread& player : players_) player.join();
  close(listener_);
  close(stop_);
}

void RawServer::Accept() {
  while (WaitFor(listener_, stop_, POLLIN)) {
    sockaddr_in6 peer{};  // large enough for both families
    socklen_t size = sizeof peer;
    const int fd = accept4(listener_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    {
      const std::lock_guard lock(mutex_);
      peers_.push_back(AddressOf(peer));
    }
    const auto index = static_cast<std::size_t>(accepted_++);
    const Script& script = scripts_[std::min(index, scripts_.size() - 1)];
    players_.emplace_back([this, fd, &script] { Play(fd, script); });
  }
}

void RawServer::Play(int fd, const Script& script) {
  {
    Peer peer(fd, stop_);
    bool open = true;
    if (options_.tls) {
      open = peer.BeginTls(options_.tls);
      if (open && SSL_session_reused(peer.ssl()) == 1) ++resumed_;
      const char* name = SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name);
      const std::lock_guard lock(mutex_);
      server_name_ = name != nullptr ? name : "";
    }
    for (std::size_t i = 0; open && i < script.size(); ++i) {
      const Step& step = script[i];
      switch (step.kind) {
        case Step::Kind::kReadRequest: {
          std::string request;
          open = peer.ReadRequest(request);
          const std::lock_guard lock(mutex_);
          if (open) requests_.push_back(std::move(request));
          break;
        }
        case Step::Kind::kReadBytes:
          open = peer.ReadBytes(step.count);
          break;
        case Step::Kind::kSend:
          open = peer.Send(step.bytes.data(), step.bytes.size());
          break;
        case Step::Kind::kSendPieces:
          for (std::size_t at = 0; open && at < step.bytes.size(); at += step.count) {
            const std::size_t size = std::min(step.count, step.bytes.size() - at);
            open = peer.Send(step.bytes.data() + at, size);
            std::this_thread::sleep_for(kMoment);
          }
          break;
        case Step::Kind::kPause:
          std::this_thread::sleep_for(step.count * kMoment);
          break;
        case Step::Kind::kHalfClose:
          peer.HalfClose();
          break;
        case Step::Kind::kReset:
          peer.Reset();
          open = false;
          break;
        case Step::Kind::kCloseNotify:
          SSL_shutdown(peer.ssl());
          break;
        case Step::Kind::kDrain:
          peer.Drain();
          break;
        case Step::Kind::kStall:
          peer.Stall();
          break;
      }
    }
  }
  ++finished_;
}

std::vector<std::string> RawServer::peers() const {
  const std::lock_guard lock(mutex_);
  return peers_;
}

std::vector<std::string> RawServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string RawServer::server_name() const {
  const std::lock_guard lock(mutex_);
  return server_name_;
}

}  // namespace sfp::support
