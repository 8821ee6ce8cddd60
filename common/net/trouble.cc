#include "common/net/trouble.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

#include "common/net/pem.h"
#include "common/net/tls.h"

namespace sfp::net {
namespace {

using Kind = Trouble::Kind;

int OnVerify(int accepted, X509_STORE_CTX* store) {
  if (accepted == 1) return 1;
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (auto* peer = static_cast<RejectedPeer*>(SSL_get_app_data(ssl))) {
    peer->names = NamesOf(X509_STORE_CTX_get0_cert(store));
    peer->expiry = ExpiryOf(X509_STORE_CTX_get_current_cert(store));
  }
  return 0;
}

Trouble OfCertificate(SSL* ssl, long result) {
  const auto* kept = static_cast<const RejectedPeer*>(SSL_get_app_data(ssl));
  const RejectedPeer peer = kept != nullptr ? *kept : RejectedPeer{};
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {Kind::kExpired, peer.expiry};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {Kind::kNotYetValid, ""};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {Kind::kWrongName, peer.names};
    case X509_V_ERR_INVALID_PURPOSE:
      return {Kind::kWrongPurpose, peer.names};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return {Kind::kUntrusted, peer.names};
    default:
      return {Kind::kOther, X509_verify_cert_error_string(result)};
  }
}

}  // namespace

void WriteDownRejected(SSL* ssl, RejectedPeer* peer) {
  SSL_set_app_data(ssl, peer);
  SSL_set_verify(ssl, SSL_get_verify_mode(ssl), OnVerify);
}

Trouble TroubleOf(SSL* ssl) {
  const int reason = ERR_GET_REASON(ERR_peek_error());
  const std::string words = ERR_peek_error() == 0 ? "" : TakeTlsError();
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return OfCertificate(ssl, SSL_get_verify_result(ssl));
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return {Kind::kNoCertificate, ""};
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
      return {Kind::kPeerPlain, ""};
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return {Kind::kTheyDistrust, ""};
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return {Kind::kTheySayExpired, ""};
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return {Kind::kTheyWantCertificate, ""};
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      return {Kind::kTheyReject, words};
    default:
      break;
  }
  if (words.empty() || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {Kind::kSilent, ""};
  return {Kind::kOther, words};
}

Trouble TroubleInFirstBytes(std::string_view bytes) {
  constexpr char kAlert = 0x15, kHandshake = 0x16;
  if (bytes.empty()) return {Kind::kSilent, ""};
  if (bytes.front() == kAlert || bytes.front() == kHandshake) return {Kind::kPeerTls, ""};
  if (bytes.starts_with("HTTP/1")) return {Kind::kPeerHttp1, ""};
  return {};
}

}  // namespace sfp::net
