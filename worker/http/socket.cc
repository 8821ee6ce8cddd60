#include "worker/http/socket.h"

#include <sys/socket.h>

#include <cerrno>

namespace sfp::http {

int Socket::Open(const Endpoint& endpoint) {
  boost::system::error_code error;
  socket_.open(endpoint.protocol(), error);
  if (error) return error.value();
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), error);
  return 0;
}

void Socket::Close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Io Socket::Receive(int fd, std::span<char> space) {
  for (;;) {
    const ssize_t n = ::recv(fd, space.data(), space.size(), MSG_DONTWAIT);
    if (n > 0) return {Io::Kind::kDone, static_cast<std::size_t>(n)};
    if (n == 0) return {Io::Kind::kEnded};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Io::Kind::kWantRead};
    return {Io::Kind::kFailed, 0, errno};
  }
}

Io Socket::Send(int fd, std::string_view bytes) {
  for (;;) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return {Io::Kind::kDone, static_cast<std::size_t>(n)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Io::Kind::kWantWrite};
    return {Io::Kind::kFailed, 0, errno};
  }
}

}  // namespace sfp::http
