#include "common/net/credentials.h"

#include <openssl/x509v3.h>

#include <filesystem>
#include <utility>

#include "common/base/text.h"
#include "common/net/pem.h"
#include "common/net/secret.h"

namespace sfp::net {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;

using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using CheckPtr = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;

Status Missing(const std::string& folder, Purpose purpose, const Status& why) {
  const std::string below = folder + (purpose == Purpose::kServer ? "/master" : "/worker");
  std::error_code ignored;
  if (std::filesystem::exists(below + "/cert.pem", ignored)) {
    return Invalid("--tls-dir " + folder + " holds no certificate itself: say --tls-dir " + below);
  }
  return Annotate(
      Invalid(Message(why) + " (a TLS directory holds ca.pem, cert.pem and key.pem, as 'sfp-master "
                             "certs' writes them)"),
      "--tls-dir " + folder);
}

Status Verify(const Credentials& credentials, Purpose purpose) {
  const std::string cert = credentials.folder + "/cert.pem";
  const auto chain = ParseCertificates(credentials.cert_pem, cert);
  if (!chain.ok()) return chain.status();
  const auto authorities = ParseCertificates(credentials.ca_pem, credentials.folder + "/ca.pem");
  if (!authorities.ok()) return authorities.status();
  const StorePtr store(X509_STORE_new());
  for (const CertPtr& authority : *authorities) X509_STORE_add_cert(store.get(), authority.get());
  const std::unique_ptr<STACK_OF(X509),
                        decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>
      others(sk_X509_new_null());
  for (std::size_t i = 1; i < chain->size(); ++i) sk_X509_push(others.get(), (*chain)[i].get());
  const CheckPtr check(X509_STORE_CTX_new());
  X509* leaf = chain->front().get();
  if (check == nullptr || X509_STORE_CTX_init(check.get(), store.get(), leaf, others.get()) != 1) {
    return TlsFailure(cert);
  }
  const bool server = purpose == Purpose::kServer;
  X509_STORE_CTX_set_purpose(check.get(),
                             server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  if (X509_verify_cert(check.get()) == 1) return Ok();
  const std::string again = "; make new ones with 'sfp-master certs --force'";
  switch (const int error = X509_STORE_CTX_get_error(check.get())) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Invalid(cert + " or its authority expired on " +
                     ExpiryOf(X509_STORE_CTX_get_current_cert(check.get())) + again);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Invalid(cert + " is not valid yet: is this machine's clock right?");
    case X509_V_ERR_INVALID_PURPOSE:
      return Invalid(cert +
                     (server ? " is a worker's certificate, not a master's"
                             : " is a master's certificate, not a worker's") +
                     ": use the other directory that 'sfp-master certs' wrote");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return Invalid(cert +
                     " is not signed by the authority in ca.pem beside it: copy the whole "
                     "directory that 'sfp-master certs' wrote");
    default:
      return Invalid(cert + ": " + X509_verify_cert_error_string(error));
  }
}

}  // namespace

StatusOr<Credentials> ReadCredentials(const std::string& folder, Purpose purpose) {
  Credentials credentials{.folder = folder};
  const std::pair<const char*, std::string*> files[] = {{"ca.pem", &credentials.ca_pem},
                                                        {"cert.pem", &credentials.cert_pem},
                                                        {"key.pem", &credentials.key_pem}};
  for (const auto& [name, text] : files) {
    auto content = ReadFile(folder + "/" + name, kMostBytes);
    if (!content.ok()) return Missing(folder, purpose, content.status());
    *text = *std::move(content);
  }
  if (Status status = Verify(credentials, purpose); !status.ok()) return status;
  const auto context = ClusterContext(credentials, purpose);
  if (!context.ok()) return Annotate(context.status(), "--tls-dir " + folder);
  std::error_code ignored;
  if (std::filesystem::exists(folder + "/token", ignored)) {
    auto token = ReadToken(folder + "/token");
    if (!token.ok()) return token.status();
    credentials.token = *std::move(token);
  }
  return credentials;
}

StatusOr<TlsContext> ClusterContext(const Credentials& credentials, Purpose purpose) {
  if (purpose == Purpose::kClient) {
    return TlsContext::Client({.verify = true,
                               .ca_pem = credentials.ca_pem,
                               .cert_pem = credentials.cert_pem,
                               .key_pem = credentials.key_pem,
                               .alpn = TlsContext::Alpn::kHttp2});
  }
  return TlsContext::Server({.cert_pem = credentials.cert_pem,
                             .key_pem = credentials.key_pem,
                             .client_ca_pem = credentials.ca_pem,
                             .alpn = TlsContext::Alpn::kHttp2});
}

std::string NamesIn(const Credentials& credentials) {
  const auto chain = ParseCertificates(credentials.cert_pem, "cert");
  return chain.ok() ? NamesOf(chain->front().get()) : "";
}

}  // namespace sfp::net
