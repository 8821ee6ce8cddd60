#include "common/net/authority.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <utility>

#include "common/net/pem.h"

namespace sfp::net {
namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

struct Signer {  // null: the certificate signs itself
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool IsAddress(const std::string& name) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str());
  const bool is = address != nullptr;
  ASN1_OCTET_STRING_free(address);
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

using Extensions = std::vector<std::pair<int, std::string>>;

bool Fill(X509* certificate, EVP_PKEY* key, const Signer& signer, const std::string& name,
          Validity validity, const Extensions& extensions) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1) return false;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  X509_time_adj_ex(X509_getm_notBefore(certificate), validity.from, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate), validity.to, 0, nullptr);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  // A common name holds 64 characters at most; the alternative names are what counts.
  const std::string common_name = name.substr(0, 64);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509* issuer = signer.certificate != nullptr ? signer.certificate : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  for (const auto& [nid, value] : extensions) {
    if (!AddExtension(certificate, issuer, nid, value)) return false;
  }
  return X509_sign(certificate, signer.key != nullptr ? signer.key : key, EVP_sha256()) > 0;
}

StatusOr<CertifiedKey> Make(const Signer& signer, const std::string& name, Validity validity,
                            const Extensions& extensions) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertPtr certificate(X509_new());
  if (key == nullptr || certificate == nullptr ||
      !Fill(certificate.get(), key.get(), signer, name, validity, extensions)) {
    return TlsFailure("certificate");
  }
  CertifiedKey made = {CertificatePem(certificate.get()), KeyPem(key.get())};
  if (made.cert_pem.empty() || made.key_pem.empty()) return TlsFailure("certificate");
  return made;
}

Status CheckNames(std::span<const std::string> names) {
  if (names.empty()) return Invalid("a certificate needs a name");
  for (const std::string& name : names) {
    // What would be read as syntax in the list of alternative names, or end it.
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789.:_*-") != std::string::npos) {
      return Invalid("not a host name: '" + name + "'");
    }
    if (name.find(':') != std::string::npos && !IsAddress(name)) {
      return Invalid("not a host name: '" + name + "' (names stand alone, without a port)");
    }
  }
  return Ok();
}

}  // namespace

StatusOr<Authority> Authority::Create(Validity validity) {
  // The key identifier tells two authorities of this name apart.
  auto own = Make({}, "sfp cluster authority", validity,
                  {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                   {NID_key_usage, "critical,keyCertSign,cRLSign"},
                   {NID_subject_key_identifier, "hash"}});
  if (!own.ok()) return own.status();
  return Authority(*std::move(own));
}

StatusOr<CertifiedKey> Authority::Issue(const CertificateRequest& request,
                                        Validity validity) const {
  if (Status status = CheckNames(request.names); !status.ok()) return status;
  const auto certificates = ParseCertificates(own_.cert_pem, "authority");
  if (!certificates.ok()) return certificates.status();
  const KeyPtr key = ParseKey(own_.key_pem);
  if (key == nullptr) return Invalid("authority: no private key");
  const bool server = request.purpose == Purpose::kServer;
  return Make({certificates->front().get(), key.get()}, request.names.front(), validity,
              {{NID_basic_constraints, "critical,CA:FALSE"},
               {NID_key_usage, "critical,digitalSignature"},
               {NID_ext_key_usage, server ? "serverAuth" : "clientAuth"},
               {NID_subject_key_identifier, "hash"},
               {NID_authority_key_identifier, "keyid:always"},
               {NID_subject_alt_name, AlternativeNames(request.names)}});
}

StatusOr<CertifiedKey> GenerateSelfSigned(std::span<const std::string> names) {
  if (Status status = CheckNames(names); !status.ok()) return status;
  return Make({}, names.front(), {},
              {{NID_basic_constraints, "critical,CA:TRUE"},
               {NID_key_usage, "critical,digitalSignature,keyCertSign"},
               {NID_subject_alt_name, AlternativeNames(names)}});
}

}  // namespace sfp::net
