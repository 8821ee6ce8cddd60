#include "common/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <span>
#include <utility>

#include "common/net/pem.h"

namespace sfp::net {
namespace {

using ContextPtr = std::shared_ptr<SSL_CTX>;

// ALPN lists, each name behind its length.
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char kHttp2[] = {2, 'h', '2'};

std::span<const unsigned char> AlpnList(TlsContext::Alpn alpn) {
  if (alpn == TlsContext::Alpn::kHttp2) return kHttp2;
  return kHttp11;
}

Status UseCertificate(SSL_CTX* context, const std::string& cert_pem, const std::string& key_pem) {
  auto chain = ParseCertificates(cert_pem, "cert");
  if (!chain.ok()) return chain.status();
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) return TlsFailure("cert");
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) return TlsFailure("cert");
  }
  const KeyPtr key = ParseKey(key_pem);
  if (key == nullptr) {
    return Invalid("key: no usable private key in the PEM text (it must not be encrypted)");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return TlsFailure("key: not the certificate's");
  }
  return Ok();
}

Status Trust(SSL_CTX* context, const std::string& ca_pem, std::string_view what) {
  auto authorities = ParseCertificates(ca_pem, what);
  if (!authorities.ok()) return authorities.status();
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const CertPtr& authority : *authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) return TlsFailure(what);
  }
  return Ok();
}

// What both ends have in common.
ContextPtr NewContext(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method), Deleter<SSL_CTX_free>());
  if (context == nullptr) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
               unsigned int in_length, void* alpn) {
  const auto ours = AlpnList(*static_cast<const TlsContext::Alpn*>(alpn));
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(&selected, out_length, ours.data(),
                                           static_cast<unsigned int>(ours.size()), in, in_length);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

StatusOr<TlsContext> TlsContext::Client(const ClientOptions& options) {
  ERR_clear_error();
  ContextPtr context = NewContext(TLS_client_method());
  if (context == nullptr) return TlsFailure("TLS");
  const auto alpn = AlpnList(options.alpn);
  SSL_CTX_set_alpn_protos(context.get(), alpn.data(), static_cast<unsigned int>(alpn.size()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // Who reads tells a missing close_notify himself; as an error it would end resumption.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_verify(context.get(), options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (options.verify) {
    if (options.ca_pem.empty()) {
      if (SSL_CTX_set_default_verify_paths(context.get()) != 1) return TlsFailure("system CAs");
    } else if (Status status = Trust(context.get(), options.ca_pem, "ca"); !status.ok()) {
      return status;
    }
  }
  if (options.cert_pem.empty() != options.key_pem.empty()) {
    return Invalid("a client certificate needs both cert and key");
  }
  if (!options.cert_pem.empty()) {
    Status status = UseCertificate(context.get(), options.cert_pem, options.key_pem);
    if (!status.ok()) return status;
  }
  return TlsContext(std::move(context));
}

StatusOr<TlsContext> TlsContext::Server(const ServerOptions& options) {
  ERR_clear_error();
  ContextPtr context = NewContext(TLS_server_method());
  if (context == nullptr) return TlsFailure("TLS");
  if (options.tls12_only) SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  static constexpr Alpn kAlpns[] = {Alpn::kHttp11, Alpn::kHttp2};  // outlives every context
  const Alpn& alpn = kAlpns[static_cast<int>(options.alpn)];
  SSL_CTX_set_alpn_select_cb(context.get(), SelectAlpn, const_cast<Alpn*>(&alpn));
  static constexpr unsigned char kSessionContext[] = "sfp";
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof(kSessionContext) - 1);
  Status status = UseCertificate(context.get(), options.cert_pem, options.key_pem);
  if (!status.ok()) return status;
  if (!options.client_ca_pem.empty()) {
    status = Trust(context.get(), options.client_ca_pem, "client ca");
    if (!status.ok()) return status;
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return TlsContext(std::move(context));
}

ssl_ctx_st* TlsContext::Share() const {
  SSL_CTX_up_ref(context_.get());
  return context_.get();
}

std::string TakeTlsError() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return "unknown TLS error";
  if (const char* reason = ERR_reason_error_string(error)) return reason;
  char text[128];
  ERR_error_string_n(error, text, sizeof(text));
  return text;
}

}  // namespace sfp::net
