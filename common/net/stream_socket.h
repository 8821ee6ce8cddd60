#pragma once

// A connected socket, plain or TLS, that never blocks: each call does what it can and says what to
// wait for. OpenSSL works on the descriptor itself; Asio only waits for readiness.
//
// Used by HttpConnection and Tunnel. Thread: confined to its loop.

#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string_view>

namespace sfp::net {

class StreamSocket {
 public:
  enum class State { kOk, kWantRead, kWantWrite, kClosed, kFailed };
  struct Result {
    State state = State::kOk;
    std::size_t bytes = 0;  // > 0 with kOk
  };

  // Owns fd, which is non-blocking. `tls` null: plain.
  StreamSocket(boost::asio::io_context& loop, int fd, SSL_CTX* tls);

  bool secure() const { return ssl_ != nullptr; }
  SSL* ssl() const {
    return ssl_.get();
  }  // null: plain; until the first handshake it is a server's
  boost::asio::posix::stream_descriptor& descriptor() { return descriptor_; }

  State Handshake();
  Result Receive(char* data, std::size_t size);
  Result Send(std::string_view bytes);
  // Bytes that were received and decrypted already: no readiness will announce them.
  bool HasPending() const { return ssl_ && SSL_pending(ssl_.get()) > 0; }

  // Says close_notify if it is TLS, then FIN.
  void ShutdownSend();
  void Close();
  void Reset();  // RST instead of FIN

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  State TlsState(int result);
  void SayGoodbye();

  boost::asio::posix::stream_descriptor descriptor_;
  std::unique_ptr<SSL, Free> ssl_;
  bool broken_ = false;  // OpenSSL forbids a goodbye after a fatal error
};

}  // namespace sfp::net
