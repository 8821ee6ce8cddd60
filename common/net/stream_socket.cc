#include "common/net/stream_socket.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace sfp::net {
namespace {

int Clamp(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

}  // namespace

StreamSocket::StreamSocket(boost::asio::io_context& loop, int fd, SSL_CTX* tls)
    : descriptor_(loop, fd) {
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(tls));
  SSL_set_fd(ssl_.get(), fd);
  SSL_set_accept_state(ssl_.get());
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                               SSL_MODE_RELEASE_BUFFERS);
}

StreamSocket::State StreamSocket::TlsState(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return State::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return State::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return State::kClosed;
    default:
      broken_ = true;
      return State::kFailed;
  }
}

StreamSocket::State StreamSocket::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? State::kOk : TlsState(result);
}

StreamSocket::Result StreamSocket::Receive(char* data, std::size_t size) {
  if (ssl_) {
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), data, Clamp(size));
    if (n > 0) return {State::kOk, static_cast<std::size_t>(n)};
    return {TlsState(n), 0};
  }
  const ssize_t n = ::recv(descriptor_.native_handle(), data, size, 0);
  if (n > 0) return {State::kOk, static_cast<std::size_t>(n)};
  if (n == 0) return {State::kClosed, 0};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {later ? State::kWantRead : State::kFailed, 0};
}

StreamSocket::Result StreamSocket::Send(std::string_view bytes) {
  if (ssl_) {
    ERR_clear_error();
    const int n = SSL_write(ssl_.get(), bytes.data(), Clamp(bytes.size()));
    if (n > 0) return {State::kOk, static_cast<std::size_t>(n)};
    return {TlsState(n), 0};
  }
  const ssize_t n = ::send(descriptor_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n >= 0) return {State::kOk, static_cast<std::size_t>(n)};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {later ? State::kWantWrite : State::kFailed, 0};
}

void StreamSocket::SayGoodbye() {
  if (!ssl_ || broken_ || SSL_in_init(ssl_.get())) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

void StreamSocket::ShutdownSend() {
  SayGoodbye();
  ::shutdown(descriptor_.native_handle(), SHUT_WR);
}

void StreamSocket::Close() {
  if (!descriptor_.is_open()) return;
  SayGoodbye();
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

void StreamSocket::Reset() {
  if (!descriptor_.is_open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

}  // namespace sfp::net
