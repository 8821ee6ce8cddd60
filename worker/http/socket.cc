#include "worker/http/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace sfp::http {

int Socket::Connect(const Endpoint& endpoint, const Endpoint* source, bool no_delay) {
  fd_ = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  const int one = 1;
  if (no_delay) ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (source != nullptr) {
    ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (::bind(fd_, source->data(), static_cast<socklen_t>(source->size())) != 0) return errno;
  }
  const int result =
      ::connect(fd_, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 ? 0 : errno;
  return result == EINPROGRESS || result == EINTR ? 0 : result;
}

int Socket::ConnectResult() const {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void Socket::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

// In a program with threads the C library makes each recv and send a point where its thread may be
// cancelled, which costs as much as recording the sample. Nobody cancels ours: the bare system
// calls do.
Io Socket::Receive(int fd, std::span<char> space) {
  for (;;) {
    const long n =
        ::syscall(SYS_recvfrom, fd, space.data(), space.size(), MSG_DONTWAIT, nullptr, nullptr);
    if (n > 0) return {Io::Kind::kDone, static_cast<std::size_t>(n)};
    if (n == 0) return {Io::Kind::kEnded};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Io::Kind::kWantRead};
    return {Io::Kind::kFailed, 0, errno};
  }
}

Io Socket::Send(int fd, std::string_view bytes) {
  for (;;) {
    const long n = ::syscall(SYS_sendto, fd, bytes.data(), bytes.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
    if (n >= 0) return {Io::Kind::kDone, static_cast<std::size_t>(n)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Io::Kind::kWantWrite};
    return {Io::Kind::kFailed, 0, errno};
  }
}

}  // namespace sfp::http
