#include "tests/support/probe.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "common/base/check.h"

namespace sfp::support {

void Probe::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void Probe::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

std::string Reply::Field(std::string_view name) const {
  for (std::size_t at = head.find("\r\n"); at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
    const std::string_view line = std::string_view(head).substr(at + 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.data(), name.data(), name.size()) == 0) {
      const std::size_t begin = line.find_first_not_of(' ', name.size() + 1);
      return std::string(line.substr(begin, line.find("\r\n") - begin));
    }
  }
  return {};
}

Probe::Probe(std::uint16_t port, bool tls) : port_(port) {
  std::signal(SIGPIPE, SIG_IGN);
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SFP_CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  if (!tls) return;
  context_.reset(SSL_CTX_new(TLS_client_method()));
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), fd_);
  if (SSL_connect(ssl_.get()) != 1) end_ = End::kFin;
}

Probe::~Probe() { Close(); }

void Probe::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Probe::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // the end shows when it is read
    bytes_sent_ += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool Probe::Receive() {
  if (end_ != End::kOpen) return false;
  char bytes[16384];
  errno = 0;
  if (ssl_) ERR_clear_error();
  const ssize_t n =
      ssl_ ? SSL_read(ssl_.get(), bytes, sizeof bytes) : ::recv(fd_, bytes, sizeof bytes, 0);
  if (n > 0) {
    buffer_.append(bytes, static_cast<std::size_t>(n));
    bytes_received_ += static_cast<std::uint64_t>(n);
    return true;
  }
  // Twenty seconds of silence are neither: the connection is still open.
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  end_ = errno == ECONNRESET || errno == EPIPE ? End::kReset : End::kFin;
  return false;
}

bool Probe::ReadLine(std::string& line) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!Receive()) return false;
  }
  line = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 2);
  return true;
}

std::string Probe::ReadUntil(std::string_view mark) {
  std::size_t at = 0;
  while ((at = buffer_.find(mark)) == std::string::npos) {
    if (!Receive()) return std::exchange(buffer_, "");
  }
  std::string out = buffer_.substr(0, at + mark.size());
  buffer_.erase(0, out.size());
  return out;
}

bool Probe::ReadBytes(std::size_t count, std::string& out) {
  while (buffer_.size() < count) {
    if (!Receive()) return false;
  }
  out.append(buffer_, 0, count);
  buffer_.erase(0, count);
  return true;
}

std::optional<Reply> Probe::Read(bool head_only) {
  Reply reply;
  std::string line;
  do {
    if (!ReadLine(line)) return std::nullopt;
    reply.head += line;
  } while (line != "\r\n");
  if (!reply.head.starts_with("HTTP/1.1 ") || reply.head.size() < 12) return std::nullopt;
  reply.status = std::atoi(reply.head.c_str() + 9);
  if (head_only || reply.status / 100 == 1) return reply;
  if (reply.Field("Transfer-Encoding") == "chunked") {
    for (;;) {
      if (!ReadLine(line)) return std::nullopt;
      const std::size_t size = std::stoul(line, nullptr, 16);
      if (!ReadBytes(size, reply.body) || !ReadLine(line)) return std::nullopt;
      if (size == 0) return reply;
    }
  }
  const std::string length = reply.Field("Content-Length");
  if (!length.empty()) {
    if (!ReadBytes(std::stoul(length), reply.body)) return std::nullopt;
  } else if (reply.status != 204 && reply.status != 304) {
    reply.body = ReadToEnd();
  }
  return reply;
}

std::optional<Reply> Probe::Ask(std::string_view method, std::string_view target,
                                std::string_view fields, std::string_view body) {
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: 127.0.0.1:");
  request.append(std::to_string(port_)).append("\r\n").append(fields);
  if (!body.empty()) {
    request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  Send(request.append("\r\n").append(body));
  return Read(method == "HEAD");
}

std::string Probe::ReadToEnd() {
  while (Receive()) {
  }
  return std::exchange(buffer_, {});
}

}  // namespace sfp::support
