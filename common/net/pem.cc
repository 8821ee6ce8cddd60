#include "common/net/pem.h"

#include <absl/strings/str_format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "common/net/tls.h"

namespace sfp::net {
namespace {

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

BioPtr Reader(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Never ask on the terminal for a pass phrase.
int NoPassphrase(char*, int, int, void*) { return 0; }

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Status TlsFailure(std::string_view what) { return Annotate(Invalid(TakeTlsError()), what); }

StatusOr<std::vector<CertPtr>> ParseCertificates(const std::string& pem, std::string_view what) {
  ERR_clear_error();
  std::vector<CertPtr> certificates;
  const BioPtr bio = Reader(pem);
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

KeyPtr ParseKey(const std::string& pem) {
  const BioPtr bio = Reader(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

std::string CertificatePem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  return PEM_write_bio_X509(bio.get(), certificate) == 1 ? Text(bio.get()) : "";
}

std::string KeyPem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  const int written =
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return written == 1 ? Text(bio.get()) : "";
}

std::string NamesOf(const X509* certificate) {
  if (certificate == nullptr) return "";
  std::string text;
  const std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
    std::string one;
    const unsigned char* data = ASN1_STRING_get0_data(value);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(value));
    if (type == GEN_DNS) {
      for (std::size_t n = 0; n < size && n < 253; ++n) {
        one += data[n] > 0x20 && data[n] < 0x7f ? static_cast<char>(data[n]) : '?';
      }
    } else if (type == GEN_IPADD && size == 4) {
      one = absl::StrFormat("%d.%d.%d.%d", data[0], data[1], data[2], data[3]);
    } else if (type == GEN_IPADD && size == 16) {
      for (std::size_t n = 0; n < size; n += 2) {
        one += absl::StrFormat("%s%x", n == 0 ? "" : ":", data[n] << 8 | data[n + 1]);
      }
    }
    if (!one.empty()) text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

std::string ExpiryOf(const X509* certificate) {
  std::tm when{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1) {
    return "";
  }
  return absl::StrFormat("%04d-%02d-%02d", when.tm_year + 1900, when.tm_mon + 1, when.tm_mday);
}

}  // namespace sfp::net
