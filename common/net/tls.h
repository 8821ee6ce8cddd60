#pragma once

// TLS contexts and certificates, from PEM texts in memory: certificates travel in messages, not as
// files.
//
//   Client  the worker's connections to target and master: verification on or off, own certificate
//   Server  master, demo API, test servers: a certificate, client certificates demanded or not
//
// Both speak TLS 1.2 and 1.3 only and refuse renegotiation. Buffers of idle connections are
// released. A client context does not cache sessions: who reconnects keeps its own.
//
// Errors name the part that is wrong ("ca: no certificate in the PEM text").
//
// Thread: immutable once made; a context may be shared by threads, each with its own SSL objects.

#include <memory>
#include <string>

#include "common/base/status.h"

struct ssl_ctx_st;  // SSL_CTX

namespace sfp::net {

class TlsContext {
 public:
  enum class Alpn { kHttp11, kHttp2 };
  struct ClientOptions {
    bool verify = true;
    std::string ca_pem;             // empty: the system's store; read only if `verify`
    std::string cert_pem, key_pem;  // both or none
    Alpn alpn = Alpn::kHttp11;
  };
  struct ServerOptions {
    std::string cert_pem, key_pem;  // leaf first, then the chain
    std::string client_ca_pem;      // not empty: a client certificate that it signed is demanded
    bool tls12_only = false;
    Alpn alpn = Alpn::kHttp11;
  };

  static StatusOr<TlsContext> Client(const ClientOptions& options);
  static StatusOr<TlsContext> Server(const ServerOptions& options);

  // No TLS; tests true once made by one of the above.
  TlsContext() = default;
  explicit operator bool() const { return context_ != nullptr; }

  // Borrowed. Who passes it to an owner (asio::ssl::context) takes a reference first, by Share.
  ssl_ctx_st* native() const { return context_.get(); }
  ssl_ctx_st* Share() const;

 private:
  explicit TlsContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  std::shared_ptr<ssl_ctx_st> context_;
};

// Takes the oldest error off this thread's OpenSSL queue and clears the rest: "certificate verify
// failed", or "unknown TLS error" if there is none.
std::string TakeTlsError();

}  // namespace sfp::net
