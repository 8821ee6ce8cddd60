#include "common/net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>
#include <vector>

namespace sfp::net {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Deleter<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using ContextPtr = std::shared_ptr<SSL_CTX>;

constexpr unsigned char kAlpnHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

BioPtr Read(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Never ask on the terminal for a pass phrase.
int NoPassphrase(char*, int, int, void*) { return 0; }

Status TlsFailure(std::string_view what) { return Annotate(Invalid(TakeTlsError()), what); }

StatusOr<std::vector<CertPtr>> ParseCertificates(const std::string& pem, std::string_view what) {
  std::vector<CertPtr> certificates;
  BioPtr bio = Read(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  // The loop ends with "no start line" at the text's end; anything else is a broken certificate.
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return TlsFailure(what);
  ERR_clear_error();
  if (certificates.empty()) {
    return Annotate(Invalid("no certificate in the PEM text"), what);
  }
  return certificates;
}

Status UseCertificate(SSL_CTX* context, const std::string& cert_pem, const std::string& key_pem) {
  auto chain = ParseCertificates(cert_pem, "cert");
  if (!chain.ok()) return chain.status();
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) return TlsFailure("cert");
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) return TlsFailure("cert");
  }
  BioPtr bio = Read(key_pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
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
               unsigned int in_length, void*) {
  unsigned char* selected = nullptr;
  const int result =
      SSL_select_next_proto(&selected, out_length, kAlpnHttp11, sizeof(kAlpnHttp11), in, in_length);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

KeyPtr NewKey() { return KeyPtr(EVP_EC_gen("P-256")); }

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool IsAddress(const std::string& name) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str());
  const bool is = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  ERR_clear_error();
  return is;
}

std::string AlternativeNames(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    text += (IsAddress(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

bool FillCertificate(X509* certificate, EVP_PKEY* key, std::span<const std::string> names) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1) return false;
  constexpr long kDay = 24 * 60 * 60;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * kDay);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  // A common name holds 64 characters at most; the alternative names are what counts.
  const std::string common_name = names.front().substr(0, 64);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, subject);
  return AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
         AddExtension(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
         AddExtension(certificate, NID_subject_alt_name, AlternativeNames(names)) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

StatusOr<TlsContext> TlsContext::Client(const ClientOptions& options) {
  ERR_clear_error();
  ContextPtr context = NewContext(TLS_client_method());
  if (context == nullptr) return TlsFailure("TLS");
  SSL_CTX_set_alpn_protos(context.get(), kAlpnHttp11, sizeof(kAlpnHttp11));
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
  SSL_CTX_set_alpn_select_cb(context.get(), SelectAlpn, nullptr);
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

StatusOr<CertifiedKey> GenerateSelfSigned(std::span<const std::string> names) {
  if (names.empty()) return Invalid("a certificate needs a name");
  for (const std::string& name : names) {
    if (name.empty() || name.find_first_of(", \t\n") != std::string::npos) {
      return Invalid("not a host name: '" + name + "'");
    }
  }
  KeyPtr key = NewKey();
  CertPtr certificate(X509_new());
  if (key == nullptr || certificate == nullptr ||
      !FillCertificate(certificate.get(), key.get(), names)) {
    return TlsFailure("certificate");
  }
  BioPtr cert_bio(BIO_new(BIO_s_mem()));
  BioPtr key_bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(cert_bio.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    return TlsFailure("certificate");
  }
  return CertifiedKey{Text(cert_bio.get()), Text(key_bio.get())};
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
