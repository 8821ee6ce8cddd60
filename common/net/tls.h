#pragma once

// TLS contexts and certificates, from PEM texts in memory: certificates travel in messages, not as
// files.
//
//   Client  the worker's connections to the target: verification on or off, own certificate, ALPN
//   Server  the demo API and test servers: a certificate, client certificates demanded or not
//
// Both speak TLS 1.2 and 1.3 only and refuse renegotiation. Buffers of idle connections are
// released. A client context does not cache sessions: who reconnects keeps its own.
//
// Errors name the part that is wrong ("ca: no certificate in the PEM text").
//
// Thread: immutable once made; a context may be shared by threads, each with its own SSL objects.

#include <memory>
#include <span>
#include <string>

#include "common/base/status.h"

struct ssl_ctx_st;  // SSL_CTX

namespace sfp::net {

class TlsContext {
 public:
  struct ClientOptions {
    bool verify = true;
    std::string ca_pem;             // empty: the system's store; read only if `verify`
    std::string cert_pem, key_pem;  // both or none
  };
  struct ServerOptions {
    std::string cert_pem, key_pem;  // leaf first, then the chain
    std::string client_ca_pem;      // not empty: a client certificate that it signed is demanded
    bool tls12_only = false;
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

struct CertifiedKey {
  std::string cert_pem;
  std::string key_pem;
};

// A fresh ECDSA P-256 key and a certificate for it, valid from yesterday for a year. Names are DNS
// names or IP addresses; the first is the common name too. It is its own CA: as ca_pem it verifies
// itself.
StatusOr<CertifiedKey> GenerateSelfSigned(std::span<const std::string> names);

// Takes the oldest error off this thread's OpenSSL queue and clears the rest: "certificate verify
// failed", or "unknown TLS error" if there is none.
std::string TakeTlsError();

}  // namespace sfp::net
