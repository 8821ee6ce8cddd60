// The limit: as few system calls and as little work per request as one thread with epoll can do.
// Request bytes made once, a parser that knows Content-Length only, no timers, nothing measured.
//
//   bench-limit-client PORT CONNECTIONS SECONDS [PATH]
//
// against 127.0.0.1, connections kept. Prints how many responses came. When the time is over, no
// request is sent any more, and those under way are awaited: the server counts as many.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Connection {
  int fd = -1;
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
    for (const Connection& connection : connections_) Ask(connection);
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

 private:
  void Open(Connection& connection, std::uint16_t port) {
    connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

  void Ask(const Connection& connection) {
    const auto sent = send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request_.size())) Die("send");
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
  std::uint64_t under_way_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s PORT CONNECTIONS SECONDS [PATH]\n", argv[0]);
    return 2;
  }
  static Client client(static_cast<std::uint16_t>(std::atoi(argv[1])),
                       static_cast<std::size_t>(std::atoi(argv[2])), argc > 4 ? argv[4] : "/");
  std::printf("%llu requests\n", static_cast<unsigned long long>(client.Run(std::atof(argv[3]))));
  return 0;
}
