#pragma once

// TLS on a connected socket: OpenSSL driven directly, through a BIO of our own that makes the
// socket's system calls. Nothing is copied but by the cipher, errno stays known, and while the
// connection is idle OpenSSL holds no buffers.
//
// Thread: confined to its loop.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/stats/outcome.h"
#include "worker/http/socket.h"

struct ssl_st;
struct ssl_session_st;
struct bio_st;
struct bio_method_st;

namespace sfp::http {

struct Destination;

struct TlsSessionDeleter {
  void operator()(ssl_session_st* session) const;
};
// What a user keeps to resume with when it connects again.
using TlsSession = std::unique_ptr<ssl_session_st, TlsSessionDeleter>;

class TlsStream {
 public:
  // `resume` may be null.
  TlsStream(const Destination& destination, int fd, ssl_session_st* resume);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // kDone once the handshake is through.
  Io Handshake();
  Io Read(std::span<char> space);
  Io Write(std::string_view bytes);

  // Frees buffers that hold nothing. OpenSSL does so itself behind each read and write, but a
  // session ticket that comes behind the last write leaves a buffer for writing: 16 KB.
  void ReleaseBuffers();

  // Bytes that came from the socket and were not read yet: the socket will not tell of them.
  bool has_pending() const;
  // The last read from the socket found it empty, or took less than it asked for.
  bool emptied_socket() const { return emptied_socket_; }
  bool resumed() const;
  // kEnded came with the peer's close_notify, so that nothing was cut off.
  bool ended_cleanly() const { return !socket_ended_; }
  // Why kFailed with error 0: the first words of OpenSSL; or of the verification, if that was it.
  const std::string& failure() const { return failure_; }
  bool certificate_refused() const { return certificate_refused_; }
  // Of a handshake that failed with error 0.
  stats::FailureKind failure_kind() const { return failure_kind_; }

  // Says close_notify if the socket takes it at once; gives what to resume with, or null.
  TlsSession Finish();

 private:
  static bio_method_st* Method();
  static int BioRead(bio_st* bio, char* data, std::size_t size, std::size_t* done);
  static int BioWrite(bio_st* bio, const char* data, std::size_t size, std::size_t* done);
  static long BioControl(bio_st* bio, int command, long number, void* pointer);

  Io Outcome(int result);

  struct SslDeleter {
    void operator()(ssl_st* ssl) const;
  };
  std::unique_ptr<ssl_st, SslDeleter> ssl_;
  int fd_;
  int socket_error_ = 0;       // of the last system call that failed
  bool socket_ended_ = false;  // FIN was read
  bool emptied_socket_ = false;
  bool broken_ = false;  // a fatal error: OpenSSL must not be asked again
  bool certificate_refused_ = false;
  stats::FailureKind failure_kind_ = stats::FailureKind::kTlsHandshake;
  std::string failure_;
};

}  // namespace sfp::http
