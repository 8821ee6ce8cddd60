// The limit: as few system calls and as little work per request as one thread with epoll can do.
// Request bytes made once, a parser that knows Content-Length only, no timers, nothing measured.
//
//   bench-limit-client PORT CONNECTIONS SECONDS [PATH [RATE]]
//
// against 127.0.0.1, connections kept. With a RATE it sends so many requests a second, evenly
// spaced, on one connection after the other. Prints how many responses came. When the time is over,
// no request is sent any more, and those under way are awaited: the server counts as many.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Connection {
  int fd = -1;
  bool busy = false;
  std::size_t body_left = 0;  // of the response under way
  std::string header;         // its beginning, if it came in pieces
};

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

double Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Client {
 public:
  Client(std::uint16_t port, std::size_t connections, const std::string& path)
      : request_("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                 "\r\n\r\n"),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        connections_(connections) {
    for (Connection& connection : connections_) Open(connection, port);
  }

  std::uint64_t Run(double seconds) {
    const double end = Now() + seconds;
    for (Connection& connection : connections_) Ask(connection);
    std::array<epoll_event, 512> events;
    bool over = false;
    while (under_way_ > 0) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
      if (!over) over = Now() >= end;
      for (int i = 0; i < count; ++i) {
        Connection& connection = *static_cast<Connection*>(events[i].data.ptr);
        if (Answered(connection) && !over) Ask(connection);
      }
    }
    return answered_;
  }

  std::uint64_t RunAt(double rate, double seconds) {
    const double began = Now();
    const double end = began + seconds;
    std::array<epoll_event, 512> events;
    for (;;) {
      const double now = Now();
      const bool over = now >= end;
      if (over && under_way_ == 0) return answered_;
      const double wait = over ? 1 : AskInTurn(now, began, rate) - now;
      const timespec timeout = {static_cast<time_t>(wait),
                                static_cast<long>((wait - std::floor(wait)) * 1e9)};
      const int count =
          epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
      for (int i = 0; i < count; ++i) Answered(*static_cast<Connection*>(events[i].data.ptr));
    }
  }

 private:
  // From 127.0.0.2 and on, 10,000 connections each: one address has ports for 28,232.
  static void Bind(int fd, std::size_t number) {
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(number / 10'000));
    if (bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) Die("bind");
  }

  void Open(Connection& connection, std::uint16_t port) {
    connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection.fd < 0) Die("socket");
    if (connections_.size() > 10'000) {
      Bind(connection.fd, static_cast<std::size_t>(&connection - connections_.data()));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      Die("connect");
    }
    const int on = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  }

  // Sends what is due at `now`; when the next one is.
  double AskInTurn(double now, double began, double rate) {
    for (;;) {
      const double due = began + static_cast<double>(asked_) / rate;
      if (due > now) return due;
      ++asked_;
      Connection& connection = connections_[asked_ % connections_.size()];
      if (!connection.busy) Ask(connection);
    }
  }

  void Ask(Connection& connection) {
    const auto sent = send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request_.size())) Die("send");
    connection.busy = true;
    ++under_way_;
  }

  // Whether what has come now ends the response.
  bool Answered(Connection& connection) {
    const auto got = recv(connection.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got <= 0) Die("recv");
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (connection.body_left == 0) {
      if (!connection.header.empty()) {
        connection.header += bytes;
        bytes = connection.header;
      }
      const std::size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) {
        if (connection.header.empty()) connection.header = bytes;
        return false;
      }
      connection.body_left = Length(bytes.substr(0, end));
      bytes.remove_prefix(end + 4);
    }
    if (bytes.size() > connection.body_left) Die("more than the response");
    connection.body_left -= bytes.size();
    connection.header.clear();
    if (connection.body_left > 0) return false;
    connection.busy = false;
    --under_way_;
    ++answered_;
    return true;
  }

  static std::size_t Length(std::string_view header) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const std::size_t at = header.find(kName);
    std::size_t length = 0;
    if (at == std::string_view::npos ||
        std::from_chars(header.data() + at + kName.size(), header.data() + header.size(), length)
                .ec != std::errc()) {
      Die("no Content-Length");
    }
    return length;
  }

  const std::string request_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::array<char, 64 * 1024> buffer_;
  std::uint64_t asked_ = 0;  // at a rate
  std::uint64_t under_way_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s PORT CONNECTIONS SECONDS [PATH [RATE]]\n", argv[0]);
    return 2;
  }
  static Client client(static_cast<std::uint16_t>(std::atoi(argv[1])),
                       static_cast<std::size_t>(std::atoi(argv[2])), argc > 4 ? argv[4] : "/");
  const double seconds = std::atof(argv[3]);
  const double rate = argc > 5 ? std::atof(argv[5]) : 0;
  const std::uint64_t answered = rate > 0 ? client.RunAt(rate, seconds) : client.Run(seconds);
  std::printf("%llu requests\n", static_cast<unsigned long long>(answered));
  return 0;
}
