#pragma once

// Certificates and keys as OpenSSL's objects and as PEM texts: what the files about TLS
// share. Private to this folder.
//
// Thread: safe, no state but OpenSSL's error queue of the calling thread.

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace sfp::net {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Deleter<X509_free>>;

// The oldest error of this thread's queue, as a Status that begins with `what`.
Status TlsFailure(std::string_view what);

// All of the text's certificates, at least one. Errors begin with `what`.
StatusOr<std::vector<CertPtr>> ParseCertificates(const std::string& pem, std::string_view what);
// Null if there is no unencrypted private key in the text.
KeyPtr ParseKey(const std::string& pem);

// Empty if OpenSSL fails.
std::string CertificatePem(X509* certificate);
std::string KeyPem(EVP_PKEY* key);

// What a certificate says, for messages: "m1, 10.0.0.1" and "2027-11-24". Empty if unreadable.
std::string NamesOf(const X509* certificate);
std::string ExpiryOf(const X509* certificate);

}  // namespace sfp::net
