#include "worker/http/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

#include "common/base/check.h"
#include "worker/http/destination.h"

namespace sfp::http {

namespace {

using stats::FailureKind;

FailureKind VerificationKind(long verdict) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return FailureKind::kTlsExpired;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return FailureKind::kTlsAuthority;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return FailureKind::kTlsName;
    default:
      return FailureKind::kTlsCertificate;
  }
}

// Reasons from the library's error queue; an alert of the peer is 1000 and its number.
FailureKind HandshakeKind(unsigned long error) {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
      return FailureKind::kTlsProtocol;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return FailureKind::kTlsClosed;
    default:
      return FailureKind::kTlsHandshake;
  }
}

}  // namespace

void TlsSessionDeleter::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

void TlsStream::SslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }

bio_method_st* TlsStream::Method() {
  static bio_method_st* const method = [] {
    bio_method_st* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sfp socket");
    SFP_CHECK(made != nullptr);
    BIO_meth_set_read_ex(made, &TlsStream::BioRead);
    BIO_meth_set_write_ex(made, &TlsStream::BioWrite);
    BIO_meth_set_ctrl(made, &TlsStream::BioControl);
    return made;
  }();
  return method;
}

TlsStream::TlsStream(const Destination& destination, int fd, ssl_session_st* resume)
    : ssl_(SSL_new(destination.tls.native())), fd_(fd) {
  SFP_CHECK(ssl_ != nullptr);
  BIO* bio = BIO_new(Method());
  SFP_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_connect_state(ssl_.get());
  const std::string& name = destination.server_name;
  boost::system::error_code no_literal;
  boost::asio::ip::make_address(name, no_literal);
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_.get());
  if (no_literal) {
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str());
  }
  if (resume != nullptr) SSL_set_session(ssl_.get(), resume);
}

TlsStream::~TlsStream() = default;

Io TlsStream::Handshake() {
  ERR_clear_error();
  return Outcome(SSL_do_handshake(ssl_.get()));
}

Io TlsStream::Read(std::span<char> space) {
  if (broken_) return {Io::Kind::kFailed, 0, socket_error_};
  ERR_clear_error();
  std::size_t n = 0;
  const int result = SSL_read_ex(ssl_.get(), space.data(), space.size(), &n);
  if (result == 1) return {Io::Kind::kDone, n};
  return Outcome(result);
}

Io TlsStream::Write(std::string_view bytes) {
  if (broken_) return {Io::Kind::kFailed, 0, socket_error_};
  ERR_clear_error();
  std::size_t n = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
  if (result == 1) return {Io::Kind::kDone, n};
  return Outcome(result);
}

Io TlsStream::Outcome(int result) {
  if (result == 1) return {Io::Kind::kDone};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Io::Kind::kWantRead};
    case SSL_ERROR_WANT_WRITE:
      return {Io::Kind::kWantWrite};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::Kind::kEnded};
    case SSL_ERROR_SYSCALL:
      // The socket failed. What the peer sent before may still be unread, so reading stays possible
      // after a write that failed.
      return {Io::Kind::kFailed, 0, socket_error_ != 0 ? socket_error_ : ECONNRESET};
    default:
      broken_ = true;
      if (socket_ended_ && !SSL_is_init_finished(ssl_.get())) return {Io::Kind::kEnded};
      if (const long verdict = SSL_get_verify_result(ssl_.get());
          verdict != X509_V_OK && !SSL_is_init_finished(ssl_.get()) &&
          SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
        certificate_refused_ = true;
        failure_kind_ = VerificationKind(verdict);
        failure_ = X509_verify_cert_error_string(verdict);
        ERR_clear_error();
      } else {
        failure_kind_ = HandshakeKind(ERR_peek_error());
        failure_ = net::TakeTlsError();
      }
      return {Io::Kind::kFailed, 0, 0};
  }
}

void TlsStream::ReleaseBuffers() {
  if (!broken_) SSL_free_buffers(ssl_.get());
}

bool TlsStream::has_pending() const { return !broken_ && SSL_has_pending(ssl_.get()) == 1; }

bool TlsStream::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

TlsSession TlsStream::Finish() {
  if (broken_ || !SSL_is_init_finished(ssl_.get())) return nullptr;
  ERR_clear_error();
  if (socket_error_ == 0) SSL_shutdown(ssl_.get());
  // Without this OpenSSL takes the end for an attack and forbids to resume.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  TlsSession session(SSL_get1_session(ssl_.get()));
  if (session != nullptr && SSL_SESSION_is_resumable(session.get()) != 1) session.reset();
  ERR_clear_error();
  return session;
}

int TlsStream::BioRead(bio_st* bio, char* data, std::size_t size, std::size_t* done) {
  auto* stream = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *done = 0;
  const Io io = Socket::Receive(stream->fd_, {data, size});
  stream->emptied_socket_ = io.bytes < size;
  switch (io.kind) {
    case Io::Kind::kDone:
      *done = io.bytes;
      return 1;
    case Io::Kind::kEnded:
      stream->socket_ended_ = true;
      return 0;
    case Io::Kind::kFailed:
      stream->socket_error_ = io.error;
      return 0;
    default:
      BIO_set_retry_read(bio);
      return 0;
  }
}

int TlsStream::BioWrite(bio_st* bio, const char* data, std::size_t size, std::size_t* done) {
  auto* stream = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *done = 0;
  const Io io = Socket::Send(stream->fd_, {data, size});
  if (io.kind == Io::Kind::kDone) {
    *done = io.bytes;
    return 1;
  }
  if (io.kind == Io::Kind::kFailed) {
    stream->socket_error_ = io.error;
  } else {
    BIO_set_retry_write(bio);
  }
  return 0;
}

long TlsStream::BioControl(bio_st* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_EOF:
      return static_cast<TlsStream*>(BIO_get_data(bio))->socket_ended_ ? 1 : 0;
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    default:
      return 0;
  }
}

}  // namespace sfp::http
